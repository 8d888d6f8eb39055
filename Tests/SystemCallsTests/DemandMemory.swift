import Foundations

@testable import Machine

/// A program's memory in a test: zeroed pages on demand in one range, nothing elsewhere.
final class DemandMemory: PageFaultHandler {
  static let base: UInt64 = 0x40_0000
  static let end: UInt64 = 0x80_0000

  private var table: UserPageTable

  private init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard address >= Self.base, address < Self.end else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }

  /// Runs `body` as if a program with such memory ran.
  static func withMemory(_ body: () throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let memory = DemandMemory(try UserPageTable())
      CurrentAddressSpace.activate(memory.table, handler: memory)
      defer { CurrentAddressSpace.leave() }
      try body()
    }
  }

  /// Stores bytes at `address`.
  static func store(_ bytes: [UInt8], at address: UInt64) throws {
    try UserMemory.copyOut(bytes.span, to: address)
  }
}
