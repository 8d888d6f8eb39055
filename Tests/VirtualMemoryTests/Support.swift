import Foundations
import Machine
import TestSupport
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

  /// Checks what holds after every call: areas are in order, apart, joined where they are alike, and counted.
  ///
  /// - Throws: `Disagreement`.
  func checkAreas() throws {
    var usage = AddressSpaceUsage()
    var last: Area?
    while let area = area(endingAfter: last?.end ?? 0) {
      guard area.start < area.end, area.start >= last?.end ?? 0 else {
        throw Disagreement("\(area) overlaps \(String(describing: last)), or is empty")
      }
      // A stack that has grown down to its neighbour is left alone, as the fault path changes one area only.
      if let last, last.joins(area), !area.flags.contains(.growsDown) {
        throw Disagreement("\(last) and \(area) are alike and not joined")
      }
      usage.count(area, sign: 1)
      last = area
    }
    let actual = self.usage
    guard usage.total == actual.total, usage.data == actual.data, usage.stack == actual.stack,
      usage.code == actual.code,
      usage.locked == actual.locked
    else { throw Disagreement("\(actual) was counted, but it is \(usage)") }
  }
}
