import Foundations
import LinuxABI
import PageFrames

@testable import Machine
@testable import Signals

extension InlineArray where Element == UInt64 {
  /// The words as they lie in memory.
  var bytes: [UInt8] {
    indices.flatMap { index in (0..<8).map { UInt8(truncatingIfNeeded: self[index] >> UInt64($0 * 8)) } }
  }
}

extension Signal {
  /// The signal with `number`, which is one.
  init(_ number: Int) { self = Signal(rawValue: UInt8(number)) ?? .SIGKILL }
}

/// A program's memory: zeroed pages on demand in one range, and nothing elsewhere.
final class ProgramSpace: PageFaultHandler {
  static let range: Range<UInt64> = 0x7f00_0000_0000..<0x7f00_0001_0000
  var table: UserPageTable

  private init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard Self.range.contains(address) else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }

  /// Runs `body` on a machine whose CPU has the vector registers of `SimulatedRegisters`, in such a program.
  static func run(_ body: () throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      FPUState.start(
        components: SimulatedRegisters.components, byteCount: SimulatedRegisters.byteCount, canSaveChanges: false)
      FPUState.reset()
      let space = ProgramSpace(try UserPageTable())
      CurrentAddressSpace.activate(space.table, handler: space)
      defer { CurrentAddressSpace.leave() }
      try body()
    }
  }
}
