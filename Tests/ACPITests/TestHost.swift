import ACPI
import Foundations
import Machine
import TestSupport

/// A machine for AML: memory and ports that are zero until something is written, and a record of what AML did.
final class TestHost: AMLHost {
  /// One access, as the bus saw it.
  struct Access: Equatable {
    var space: AMLAddressSpace
    var address: UInt64
    var width: Int
    /// What was written; nil for a read.
    var value: UInt64?
  }

  var memory: [UInt64: UInt8] = [:]
  var ports: [UInt64: UInt8] = [:]
  var configuration: [String: UInt8] = [:]
  /// Ports whose bits are cleared by writing them.
  var clearedByWriting: Set<UInt64> = []
  /// Called after each write to a port.
  var onPortWrite: ((TestHost, UInt64, UInt64) -> Void)?
  var accesses: [Access] = []
  var isRecording = false
  var notifications: [(node: AMLNode, value: UInt64)] = []
  var warnings: [String] = []
  var debugOutput: [String] = []
  var fatalErrors: [UInt32] = []
  var milliseconds: UInt64 = 0
  var microseconds: UInt64 = 0
  var tables: [[UInt8]] = []
  var lockDepth = 0
  var lockCount = 0
  /// How often the firmware still has the global lock.
  var busyLocks = 0

  func read(_ space: AMLAddressSpace, at address: UInt64, width: Int) throws(AMLError) -> UInt64 {
    if isRecording { accesses.append(Access(space: space, address: address, width: width)) }
    var value: UInt64 = 0
    for index in 0..<UInt64(width) {
      switch space {
      case .systemMemory: value |= UInt64(memory[address &+ index] ?? 0) << (index * 8)
      case .systemIO: value |= UInt64(ports[address &+ index] ?? 0) << (index * 8)
      default: throw .noHandler(space: space.rawValue)
      }
    }
    return value
  }

  func write(_ space: AMLAddressSpace, at address: UInt64, width: Int, _ value: UInt64) throws(AMLError) {
    if isRecording { accesses.append(Access(space: space, address: address, width: width, value: value)) }
    for index in 0..<UInt64(width) {
      let byte = UInt8(truncatingIfNeeded: value >> (index * 8))
      switch space {
      case .systemMemory: memory[address &+ index] = byte
      case .systemIO:
        let isStatus = clearedByWriting.contains(address &+ index)
        ports[address &+ index] = isStatus ? (ports[address &+ index] ?? 0) & ~byte : byte
      default: throw .noHandler(space: space.rawValue)
      }
    }
    if space == .systemIO { onPortWrite?(self, address, value) }
  }

  /// Makes a function a bridge to `bus`, or none with nil.
  func setBridge(_ bus: UInt8, _ device: UInt8, to secondary: UInt8?) {
    let function = PCIFunctionAddress(segment: 0, bus: bus, device: device, function: 0)
    configuration[key(function, 0xe)] = secondary == nil ? 0xff : 1
    configuration[key(function, 0x19)] = secondary ?? 0xff
  }

  private func key(_ function: PCIFunctionAddress, _ offset: UInt64) -> String {
    "\(function.segment):\(function.bus):\(function.device).\(function.function)+\(offset)"
  }

  func readConfiguration(_ function: PCIFunctionAddress, at offset: UInt64, width: Int) throws(AMLError) -> UInt64 {
    if isRecording { accesses.append(Access(space: .pciConfiguration, address: offset, width: width)) }
    var value: UInt64 = 0
    for index in 0..<UInt64(width) { value |= UInt64(configuration[key(function, offset + index)] ?? 0) << (index * 8) }
    return value
  }

  func writeConfiguration(
    _ function: PCIFunctionAddress, at offset: UInt64, width: Int, _ value: UInt64
  ) throws(AMLError) {
    if isRecording { accesses.append(Access(space: .pciConfiguration, address: offset, width: width, value: value)) }
    for index in 0..<UInt64(width) {
      configuration[key(function, offset + index)] = UInt8(truncatingIfNeeded: value >> (index * 8))
    }
  }

  func sleep(milliseconds: UInt64) { self.milliseconds += milliseconds }
  func stall(microseconds: UInt64) { self.microseconds += microseconds }
  func timer() -> UInt64 { milliseconds * 10_000 + microseconds * 10 + 1 }
  func notify(_ node: AMLNode, value: UInt64) { notifications.append((node, value)) }

  func acquireGlobalLock() -> Bool {
    if busyLocks > 0 {
      busyLocks -= 1
      return false
    }
    lockDepth += 1
    lockCount += 1
    return true
  }

  func releaseGlobalLock() { lockDepth -= 1 }
  func fatal(type: UInt8, code: UInt32, argument: UInt64) { fatalErrors.append(code) }
  func debug(_ message: Message) { debugOutput.append(text(message)) }
  func warn(_ message: Message) { warnings.append(text(message)) }

  func findTable(signature: UInt32, oem: UInt64, oemTable: UInt64) -> UInt32? {
    func number(_ table: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
      (0..<count).reduce(0) { $0 | UInt64(table[offset + $1]) << UInt64($1 * 8) }
    }
    let found = tables.firstIndex {
      number($0, 0, 4) == UInt64(signature) && (oem == 0 || number($0, 10, 6) == oem)
        && (oemTable == 0 || number($0, 16, 8) == oemTable)
    }
    return found.map { UInt32($0) }
  }

  func tableLength(_ number: UInt32) -> UInt64 { UInt64(tables[Int(number)].count) }
  func tableByte(_ number: UInt32, at offset: UInt64) -> UInt8 {
    Int(number) < tables.count && offset < tables[Int(number)].count ? tables[Int(number)][Int(offset)] : 0
  }
}

extension AMLInterpreter {
  /// Loads a table from an array; gives how many terms were left out.
  @discardableResult
  func load(_ table: [UInt8]) throws -> Int {
    var bytes = GrowableArray<UInt8>()
    for byte in table { try bytes.append(byte) }
    return try load(bytes)
  }
}
