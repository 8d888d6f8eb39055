import Foundations
import Machine
import Testing

@testable import VirtualMemory

/// Runs `body` with the simulated machine to itself, and checks that it gives every frame back.
func withMachine(_ body: () throws -> Void) throws {
  try SimulatedMemory.exclusive { () throws in
    AllocationFaults.fail(after: nil)
    let before = SimulatedMemory.freeCount
    let promised = CommitAccount.pageCount
    try body()
    AllocationFaults.fail(after: nil)
    #expect(SimulatedMemory.freeCount == before, "frames were lost")
    #expect(CommitAccount.pageCount == promised, "promises were lost")
  }
}

/// The error that `body` throws, or nil.
func error(_ body: () throws(Errno) -> Void) -> Errno? {
  do throws(Errno) {
    try body()
    return nil
  } catch {
    return error
  }
}

extension AddressSpace {
  /// The byte at `address`, or nil when the program could not read it.
  func byte(at address: UInt64) -> UInt8? {
    var storage = InlineArray<1, UInt8>(repeating: 0)
    do throws(Errno) {
      var span = storage.mutableSpan
      try read(address, into: &span)
    } catch {
      return nil
    }
    return storage[0]
  }

  /// Writes one byte; whether the program could.
  func setByte(_ value: UInt8, at address: UInt64) -> Bool {
    let storage: InlineArray<1, UInt8> = [value]
    return error { () throws(Errno) in try write(storage.span, to: address) } == nil
  }

  /// Maps private memory anywhere or at `address`.
  func mapPrivate(
    _ pages: UInt64, at address: UInt64 = 0, _ protection: Protection = [.read, .write], _ flags: MapFlags = []
  ) throws(Errno) -> UInt64 {
    var request = MapRequest(address: address, byteCount: pages * 4096, protection: protection)
    request.flags.formUnion(flags)
    if address != 0 { request.flags.insert(.fixed) }
    return try map(request)
  }

  /// Every area, in order.
  var areaList: [Area] {
    var areas: [Area] = []
    while let area = area(endingAfter: areas.last?.end ?? 0) { areas.append(area) }
    return areas
  }
}
