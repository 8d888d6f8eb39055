public import Machine

/// What programs are told of a serial port, and partly set: `struct serial_struct`.
///
/// Source: Linux include/uapi/linux/serial.h; setserial(8).
public struct SerialInformation: UserValue, Equatable, Sendable {
  /// Bytes of the form.
  public static let userByteCount = 72

  /// What the device is: `SerialInformation.Kind`.
  public var kind: Int32 = 0
  /// Its number, as in ttyS1.
  public var number: Int32 = 0
  /// Its first I/O port, of which the upper half is in another place of the form.
  public var address: UInt64 = 0
  /// Its interrupt; 0 for none.
  public var interrupt: Int32 = 0
  /// `SerialFlags`.
  public var flags = SerialFlags()
  /// Characters that its transmitter holds.
  public var transmitterSize: Int32 = 0
  /// What 38,400 bits a second stand for, as a divisor of `baudBase`, if the flags say so.
  public var customDivisor: Int32 = 0
  /// Bits a second by a divisor of 1.
  public var baudBase: Int32 = 0
  /// Hundredths of a second for which closing holds the line up.
  public var closeDelay: UInt16 = 0
  /// Hundredths of a second for which closing waits for output; 65,535 for none.
  public var closingWait: UInt16 = 0

  /// Nothing is known.
  public init() {}

  /// Takes it from a program; what nothing here is said by does not count.
  public init(userBytes bytes: Span<UInt8>) {
    kind = bytes.load(Int32.self, at: 0)
    number = bytes.load(Int32.self, at: 4)
    address = UInt64(bytes.load(UInt32.self, at: 8)) | UInt64(bytes.load(UInt32.self, at: 60)) << 32
    interrupt = bytes.load(Int32.self, at: 12)
    flags = SerialFlags(rawValue: bytes.load(UInt32.self, at: 16))
    transmitterSize = bytes.load(Int32.self, at: 20)
    customDivisor = bytes.load(Int32.self, at: 24)
    baudBase = bytes.load(Int32.self, at: 28)
    closeDelay = bytes.load(UInt16.self, at: 32)
    closingWait = bytes.load(UInt16.self, at: 40)
  }

  /// Writes the form. The registers are I/O ports next to each other, which is all zeros.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(kind, at: 0)
    bytes.store(number, at: 4)
    bytes.store(UInt32(truncatingIfNeeded: address), at: 8)
    bytes.store(interrupt, at: 12)
    bytes.store(flags.rawValue, at: 16)
    bytes.store(transmitterSize, at: 20)
    bytes.store(customDivisor, at: 24)
    bytes.store(baudBase, at: 28)
    bytes.store(closeDelay, at: 32)
    bytes.store(closingWait, at: 40)
    bytes.store(UInt32(truncatingIfNeeded: address >> 32), at: 60)
  }

  /// What devices are called there: PORT_16450, PORT_16550A.
  public enum Kind {
    /// One without FIFOs.
    public static let withoutFIFO: Int32 = 2
    /// One with FIFOs of 16 characters.
    public static let withFIFO: Int32 = 4
  }
}

/// The flags of `SerialInformation`. Source: Linux include/uapi/linux/tty_flags.h, and include/linux/serial_core.h for those that
/// programs see and do not set.
public struct SerialFlags: OptionSet, Sendable {
  /// The bits, as Linux has them.
  public let rawValue: UInt32

  /// Creates a set of flags.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// 38,400 bits a second are 57,600.
  public static let highSpeed = SerialFlags(rawValue: 0x10)
  /// 38,400 bits a second are 115,200; with `highSpeed` what the custom divisor says.
  public static let veryHighSpeed = SerialFlags(rawValue: 0x20)
  /// The device is not tested again.
  public static let skipsTest = SerialFlags(rawValue: 0x40)
  /// 38,400 bits a second are 230,400, or 460,800 with `highSpeed`: more than the PC's ports have.
  public static let superHighSpeed = SerialFlags(rawValue: 0x1000)
  /// Input is to be there at once. It always is.
  public static let lowLatency = SerialFlags(rawValue: 0x2000)
  /// Others have the interrupt, too.
  public static let sharesInterrupt = SerialFlags(rawValue: 1 << 24)
  /// The device was looked for at boot.
  public static let isConfigured = SerialFlags(rawValue: 1 << 28)

  /// What 38,400 bits a second stand for.
  static let speeds: SerialFlags = [.highSpeed, .veryHighSpeed, .superHighSpeed]
  /// What any program may change that has the port open.
  static let forEverybody = speeds.union(.lowLatency)
  /// What can be changed at all; the rest says how the port came to be.
  static let changeable = SerialFlags(rawValue: 0x1_7fff)
}

/// Where a serial port is, as programs are told.
public struct SerialIdentity: Equatable, Sendable {
  /// Its first I/O port; 0 where that is nobody's business.
  public var address: UInt16
  /// The number of its interrupt for programs; nil for none.
  public var interrupt: UInt32?
  /// Whether it may share that: ports of cards may.
  public var sharesInterrupt: Bool

  /// A port at a place.
  public init(address: UInt16 = 0, interrupt: UInt32? = nil, sharesInterrupt: Bool = false) {
    (self.address, self.interrupt, self.sharesInterrupt) = (address, interrupt, sharesInterrupt)
  }
}
