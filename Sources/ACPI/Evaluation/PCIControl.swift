import Foundations

/// What an operating system can do with PCI buses. Source: PCI Firmware Specification 3.3, section 4.5.1.
public struct ACPIPCISupport: OptionSet, Sendable {
  /// The bits, as `_OSC` has them.
  public let rawValue: UInt32

  /// A set of abilities.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// It reaches all 4096 bytes of a function's configuration space.
  public static let extendedConfiguration = ACPIPCISupport(rawValue: 1 << 0)
  /// It sets the states that links enter by themselves.
  public static let activeStatePower = ACPIPCISupport(rawValue: 1 << 1)
  /// It lets links stop their clocks.
  public static let clockPower = ACPIPCISupport(rawValue: 1 << 2)
  /// It knows segment groups.
  public static let segments = ACPIPCISupport(rawValue: 1 << 3)
  /// It uses message-signaled interrupts.
  public static let messages = ACPIPCISupport(rawValue: 1 << 4)
}

/// What of PCI Express firmware leaves to the operating system. Source: PCI Firmware Specification 3.3, section 4.5.1.
public struct ACPIPCIControl: OptionSet, Sendable {
  /// The bits, as `_OSC` has them.
  public let rawValue: UInt32

  /// A set of features.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Slots of PCI Express ports.
  public static let expressHotPlug = ACPIPCIControl(rawValue: 1 << 0)
  /// Standard hot-plug controllers of conventional PCI.
  public static let standardHotPlug = ACPIPCIControl(rawValue: 1 << 1)
  /// Power management events of PCI Express.
  public static let powerEvents = ACPIPCIControl(rawValue: 1 << 2)
  /// Advanced error reporting.
  public static let errorReporting = ACPIPCIControl(rawValue: 1 << 3)
  /// The capability PCI Express; without it none of the others is of use.
  public static let capability = ACPIPCIControl(rawValue: 1 << 4)
  /// Reports of latency tolerance.
  public static let latencyTolerance = ACPIPCIControl(rawValue: 1 << 5)
}

/// Agreeing with firmware on who controls what. Source: ACPI 6.5, section 6.2.11; PCI Firmware Specification 3.3, section 4.5.
extension AMLInterpreter {
  /// The first of the three numbers that `_OSC` takes and gives.
  private enum Status {
    static let query: UInt32 = 1 << 0
    /// It failed, or does not know the UUID or the revision.
    static let errors: UInt32 = 0b1110
  }

  /// How often it is asked what it would grant; each time it may only grant less.
  private static let queryLimit = 8

  /// Asks firmware by `_OSC` for control of PCI Express below a root bridge: first what it would grant, then for exactly that.
  ///
  /// - Returns: What it has granted, which may be nothing; nil when the root has no `_OSC`: then it keeps all control.
  public func negotiatePCIControl(
    of root: AMLNode, _ support: ACPIPCISupport, wanted: ACPIPCIControl
  ) throws(AMLError) -> ACPIPCIControl? {
    guard let method = child(of: root, named: "_OSC") else { return nil }
    var control = wanted.union(.capability)
    for _ in 0..<Self.queryLimit {
      guard let granted = try call(method, Status.query, support, control) else { return [] }
      let isSettled = granted == control
      control = granted
      // Without the capability itself nothing may be asked for, for firmware goes on using it.
      guard control.contains(.capability) else { return [] }
      if isSettled { break }
    }
    guard let granted = try call(method, 0, support, control), granted.contains(.capability) else { return [] }
    return granted
  }

  /// - Returns: Of `control` what it grants; nil when it does not understand.
  private func call(
    _ method: AMLNode, _ flags: UInt32, _ support: ACPIPCISupport, _ control: ACPIPCIControl
  ) throws(AMLError) -> ACPIPCIControl? {
    guard let identifier = ACPIUUID("33DB4D5B-1FF7-401C-9657-7441C03DD766") else { return nil }
    var bytes = InlineArray<12, UInt8>(repeating: 0)
    Self.set(&bytes, 0, flags)
    Self.set(&bytes, 4, support.rawValue)
    Self.set(&bytes, 8, control.rawValue)
    var arguments = AMLArguments(self)
    try arguments.append(buffer: identifier.bytes.span)
    try arguments.append(1)
    try arguments.append(3)
    try arguments.append(buffer: bytes.span)
    guard let answer = try evaluate(method, arguments) else { return nil }
    return Self.grant(answer, control)
  }

  private static func grant(_ answer: borrowing AMLObject, _ control: ACPIPCIControl) -> ACPIPCIControl? {
    guard answer.isBuffer, answer.count >= 12, number(answer, 0) & Status.errors == 0 else { return nil }
    return ACPIPCIControl(rawValue: number(answer, 8)).intersection(control)
  }

  private static func number(_ object: borrowing AMLObject, _ offset: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 { value |= UInt32(object.byte(offset + index)) << UInt32(index * 8) }
    return value
  }

  private static func set(_ bytes: inout InlineArray<12, UInt8>, _ offset: Int, _ value: UInt32) {
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8)) }
  }
}
