/// What adjtimex(2) passes in both directions.
public struct TimeAdjustment: Equatable, Sendable {
  /// What to change. Source: adjtimex(2).
  public struct Modes: OptionSet, Sendable {
    /// The bits of the system call.
    public var rawValue: UInt32
    /// A set from the system call's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// ADJ_OFFSET
    public static let offset = Modes(rawValue: 0x0001)
    /// ADJ_FREQUENCY
    public static let frequency = Modes(rawValue: 0x0002)
    /// ADJ_MAXERROR
    public static let maximumError = Modes(rawValue: 0x0004)
    /// ADJ_ESTERROR
    public static let estimatedError = Modes(rawValue: 0x0008)
    /// ADJ_STATUS
    public static let status = Modes(rawValue: 0x0010)
    /// ADJ_TIMECONST
    public static let timeConstant = Modes(rawValue: 0x0020)
    /// ADJ_TAI
    public static let atomicOffset = Modes(rawValue: 0x0080)
    /// ADJ_SETOFFSET
    public static let setOffset = Modes(rawValue: 0x0100)
    /// ADJ_MICRO
    public static let microseconds = Modes(rawValue: 0x1000)
    /// ADJ_NANO
    public static let nanoseconds = Modes(rawValue: 0x2000)
    /// ADJ_TICK
    public static let tick = Modes(rawValue: 0x4000)
    /// ADJ_ADJTIME: the offset is adjtime(3)'s.
    public static let singleShot = Modes(rawValue: 0x8000)

    /// All that have a meaning.
    static let known = Modes(rawValue: 0xf1bf)
    /// ADJ_OFFSET_SS_READ: how much of adjtime(3)'s offset is left.
    static let singleShotRead = Modes(rawValue: 0xa001)
  }

  /// The state of the discipline and what the clock is to do. Source: adjtimex(2), RFC 5905.
  public struct Status: OptionSet, Sendable {
    /// The bits of the system call.
    public var rawValue: UInt32
    /// A set from the system call's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// STA_PLL: offsets steer the phase.
    public static let phaseLocked = Status(rawValue: 0x0001)
    /// STA_FLL: offsets steer the frequency.
    public static let frequencyLocked = Status(rawValue: 0x0008)
    /// STA_INS: a leap second comes at the end of the day.
    public static let insertLeap = Status(rawValue: 0x0010)
    /// STA_DEL: the last second of the day is left out.
    public static let deleteLeap = Status(rawValue: 0x0020)
    /// STA_UNSYNC: the clock is not synchronized.
    public static let unsynchronized = Status(rawValue: 0x0040)
    /// STA_FREQHOLD: offsets leave the frequency alone.
    public static let holdFrequency = Status(rawValue: 0x0080)
    /// STA_NANO: offsets and times are in nanoseconds.
    public static let nanoseconds = Status(rawValue: 0x2000)

    /// What a caller cannot change: the PPS flags, errors, resolution, mode and source.
    static let readOnly = Status(rawValue: 0xff00)
  }

  /// What to change.
  public var modes = Modes()
  /// The offset, in microseconds or nanoseconds; back, what is left of it.
  public var offset: Int64 = 0
  /// The frequency, in 2⁻¹⁶ ppm.
  public var frequency: Int64 = 0
  /// The largest error, in microseconds.
  public var maximumError: Int64 = 0
  /// The estimated error, in microseconds.
  public var estimatedError: Int64 = 0
  /// Status bits.
  public var status = Status()
  /// The time constant of the loop; TAI less UTC in seconds with `.atomicOffset`.
  public var constant: Int64 = 0
  /// Back: the clock's resolution, in microseconds.
  public var precision: Int64 = 0
  /// Back: the largest frequency, in 2⁻¹⁶ ppm.
  public var tolerance: Int64 = 0
  /// Microseconds in a hundredth of a second: 9,000...11,000.
  public var tick: Int64 = 0
  /// With `.setOffset`, what to add to the time, in nanoseconds.
  public var stepNanoseconds: Int64 = 0
  /// Back: TAI less UTC, in seconds.
  public var atomicOffset: Int64 = 0

  /// A request that only asks.
  public init() {}
}
