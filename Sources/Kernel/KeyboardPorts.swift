import Foundations
import Machine
import Registers

/// The keyboard controller's two ports, which are four apart: another device's stand between them.
struct KeyboardPorts: RegisterSpace, ~Copyable {
  private static let statusOffset = 4

  private let data: PortSpace
  private let status: PortSpace

  /// - Returns: nil when somebody has them.
  static func claim() -> KeyboardPorts? {
    guard let data = PortSpace.claim(base: I8042.keyboard, count: 1) else { return nil }
    guard let status = PortSpace.claim(base: I8042.keyboard + UInt16(statusOffset), count: 1) else { return nil }
    return KeyboardPorts(data: data, status: status)
  }

  private init(data: consuming PortSpace, status: consuming PortSpace) {
    self.data = data
    self.status = status
  }

  func read8(at offset: Int) -> UInt8 {
    offset == Self.statusOffset ? status.read8(at: 0) : data.read8(at: offset)
  }

  func write8(_ value: UInt8, at offset: Int) {
    if offset == Self.statusOffset { status.write8(value, at: 0) } else { data.write8(value, at: offset) }
  }

  // There are no wider registers.
  func read16(at offset: Int) -> UInt16 { .max }
  func read32(at offset: Int) -> UInt32 { .max }
  func read64(at offset: Int) -> UInt64 { .max }
  func write16(_ value: UInt16, at offset: Int) {}
  func write32(_ value: UInt32, at offset: Int) {}
  func write64(_ value: UInt64, at offset: Int) {}
}
