// The bits of `struct termios`. Names and values: termios(3) and Linux include/uapi/asm-generic/termbits.h.

/// How input is treated: `c_iflag`.
public struct InputFlags: OptionSet, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Creates a set of flags.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A break is ignored.
  public static let IGNBRK = InputFlags(rawValue: 0o1)
  /// A break is an interrupt.
  public static let BRKINT = InputFlags(rawValue: 0o2)
  /// Bytes with errors are ignored.
  public static let IGNPAR = InputFlags(rawValue: 0o4)
  /// Bytes with errors are marked.
  public static let PARMRK = InputFlags(rawValue: 0o10)
  /// Errors of parity and framing count.
  public static let INPCK = InputFlags(rawValue: 0o20)
  /// The eighth bit is cleared.
  public static let ISTRIP = InputFlags(rawValue: 0o40)
  /// Newline becomes carriage return.
  public static let INLCR = InputFlags(rawValue: 0o100)
  /// Carriage return is ignored.
  public static let IGNCR = InputFlags(rawValue: 0o200)
  /// Carriage return becomes newline.
  public static let ICRNL = InputFlags(rawValue: 0o400)
  /// Letters become small.
  public static let IUCLC = InputFlags(rawValue: 0o1000)
  /// STOP and START hold output up.
  public static let IXON = InputFlags(rawValue: 0o2000)
  /// Any byte starts output again.
  public static let IXANY = InputFlags(rawValue: 0o4000)
  /// Input is held up by sending STOP and START.
  public static let IXOFF = InputFlags(rawValue: 0o10000)
  /// A bell for a line that is too long; Linux has the flag and does nothing.
  public static let IMAXBEL = InputFlags(rawValue: 0o20000)
  /// Input is UTF-8, for erasing.
  public static let IUTF8 = InputFlags(rawValue: 0o40000)
}

/// How output is treated: `c_oflag`.
public struct OutputFlags: OptionSet, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Creates a set of flags.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Output is treated at all.
  public static let OPOST = OutputFlags(rawValue: 0o1)
  /// Letters become capitals.
  public static let OLCUC = OutputFlags(rawValue: 0o2)
  /// Newline becomes carriage return and newline.
  public static let ONLCR = OutputFlags(rawValue: 0o4)
  /// Carriage return becomes newline.
  public static let OCRNL = OutputFlags(rawValue: 0o10)
  /// No carriage return in column 0.
  public static let ONOCR = OutputFlags(rawValue: 0o20)
  /// Newline returns the carriage.
  public static let ONLRET = OutputFlags(rawValue: 0o40)
  /// All bits of the tab delay, which as a whole means `XTABS`.
  public static let TABDLY = OutputFlags(rawValue: 0o14000)
  /// Tabs become spaces.
  public static let XTABS = OutputFlags(rawValue: 0o14000)
}

/// How the line is driven: `c_cflag`.
public struct ControlFlags: OptionSet, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Creates a set of flags.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The bits of the speed.
  public static let CBAUD = ControlFlags(rawValue: 0o10017)
  /// The speed is a number of its own. Also the bit of the codes above 38400.
  public static let BOTHER = ControlFlags(rawValue: 0o10000)
  /// 38400 bits a second.
  public static let B38400 = ControlFlags(rawValue: 0o17)
  /// 115200 bits a second.
  public static let B115200 = ControlFlags(rawValue: 0o10002)
  /// The bits of the size.
  public static let CSIZE = ControlFlags(rawValue: 0o60)
  /// Eight bits a byte.
  public static let CS8 = ControlFlags(rawValue: 0o60)
  /// Two stop bits.
  public static let CSTOPB = ControlFlags(rawValue: 0o100)
  /// The receiver is on.
  public static let CREAD = ControlFlags(rawValue: 0o200)
  /// There is a parity bit.
  public static let PARENB = ControlFlags(rawValue: 0o400)
  /// The parity is odd.
  public static let PARODD = ControlFlags(rawValue: 0o1000)
  /// The last close hangs up.
  public static let HUPCL = ControlFlags(rawValue: 0o2000)
  /// Modem lines are ignored.
  public static let CLOCAL = ControlFlags(rawValue: 0o4000)
  /// The parity bit is constant.
  public static let CMSPAR = ControlFlags(rawValue: 0o10_000_000_000)
  /// RTS and CTS hold each side up.
  public static let CRTSCTS = ControlFlags(rawValue: 0o20_000_000_000)
}

/// What the terminal does beyond moving bytes: `c_lflag`.
public struct LocalFlags: OptionSet, Sendable {
  /// The bits.
  public var rawValue: UInt32

  /// Creates a set of flags.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// INTR, QUIT and SUSP are signals.
  public static let ISIG = LocalFlags(rawValue: 0o1)
  /// Input comes by lines, which can be edited.
  public static let ICANON = LocalFlags(rawValue: 0o2)
  /// Input is echoed.
  public static let ECHO = LocalFlags(rawValue: 0o10)
  /// ERASE wipes out.
  public static let ECHOE = LocalFlags(rawValue: 0o20)
  /// KILL is followed by a newline.
  public static let ECHOK = LocalFlags(rawValue: 0o40)
  /// Newline is echoed even without ECHO.
  public static let ECHONL = LocalFlags(rawValue: 0o100)
  /// Signals leave the queues as they are.
  public static let NOFLSH = LocalFlags(rawValue: 0o200)
  /// Writing in the background stops.
  public static let TOSTOP = LocalFlags(rawValue: 0o400)
  /// Control characters are echoed as ^X.
  public static let ECHOCTL = LocalFlags(rawValue: 0o1000)
  /// What is erased is printed, as on paper.
  public static let ECHOPRT = LocalFlags(rawValue: 0o2000)
  /// KILL wipes out.
  public static let ECHOKE = LocalFlags(rawValue: 0o4000)
  /// Output is thrown away; Linux has the flag and does nothing.
  public static let FLUSHO = LocalFlags(rawValue: 0o10000)
  /// What was typed is to be typed again; Linux has the flag and does nothing.
  public static let PENDIN = LocalFlags(rawValue: 0o40000)
  /// WERASE, LNEXT, REPRINT and EOL2 work.
  public static let IEXTEN = LocalFlags(rawValue: 0o100000)
  /// Somebody else treats the input.
  public static let EXTPROC = LocalFlags(rawValue: 0o200000)
}
