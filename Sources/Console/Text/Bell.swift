/// What the bell sounds like. Source: console_codes(4), BEL and the Linux console's private sequences CSI 10 ] and CSI 11 ].
public struct Bell: Equatable, Sendable {
  /// Its frequency, in hertz.
  public var hertz: UInt32 = 750
  /// How long it sounds, in milliseconds; 0 for not at all.
  public var milliseconds: UInt32 = 125

  /// From this time on, in milliseconds, there is no bell.
  static var limit: Int { 2_000 }

  /// The bell of a terminal that nobody has told otherwise.
  public init() {}
}
