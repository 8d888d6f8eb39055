/// How nice a program is to others: -20 takes most, 19 least. Source: sched(7), "The nice value".
public struct Nice: Comparable, Sendable {
  /// The number, -20...19.
  public let rawValue: Int8

  /// Creates the nice value nearest to `value`. Source: setpriority(2): values beyond the range are the nearest in it.
  public init(clamping value: Int) { rawValue = Int8(max(-20, min(value, 19))) }

  private init(_ rawValue: Int8) { self.rawValue = rawValue }

  /// Neither nicer nor less nice than others.
  public static let normal = Nice(0)
  /// Takes most.
  public static let lowest = Nice(-20)
  /// Gives way to everybody.
  public static let highest = Nice(19)

  /// Whether `left` is less nice.
  public static func < (left: Nice, right: Nice) -> Bool { left.rawValue < right.rawValue }

  /// The limit that permits this value: 40 for -20, 1 for 19. Source: getrlimit(2), `RLIMIT_NICE`.
  public var limit: UInt64 { UInt64(20 - Int(rawValue)) }

  /// The share of the CPU that it stands for, 1024 for nice 0.
  ///
  /// Each step is a factor of about 1.25, so that two programs one step apart differ by a tenth of the CPU. The numbers are the ones
  /// that programs on Linux are tuned to. Source: sched(7), "In the current implementation, each unit of difference in the nice
  /// values of two processes results in a factor of 1.25".
  public var weight: UInt32 {
    switch rawValue {
    case -20: 88761
    case -19: 71755
    case -18: 56483
    case -17: 46273
    case -16: 36291
    case -15: 29154
    case -14: 23254
    case -13: 18705
    case -12: 14949
    case -11: 11916
    case -10: 9548
    case -9: 7620
    case -8: 6100
    case -7: 4904
    case -6: 3906
    case -5: 3121
    case -4: 2501
    case -3: 1991
    case -2: 1586
    case -1: 1277
    case 0: 1024
    case 1: 820
    case 2: 655
    case 3: 526
    case 4: 423
    case 5: 335
    case 6: 272
    case 7: 215
    case 8: 172
    case 9: 137
    case 10: 110
    case 11: 87
    case 12: 70
    case 13: 56
    case 14: 45
    case 15: 36
    case 16: 29
    case 17: 23
    case 18: 18
    default: 15
    }
  }
}
