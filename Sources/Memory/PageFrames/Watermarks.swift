/// The numbers of free frames at which a zone calls for help.
public struct Watermarks: Equatable, Sendable {
  /// Below this only the kernel itself is served.
  public var minimum: Int
  /// Below this reclaim begins in the background.
  public var low: Int
  /// At this reclaim stops.
  public var high: Int

  /// Creates the watermarks with their usual distance: a quarter of `minimum` between each.
  public init(minimum: Int) {
    self.minimum = minimum
    low = minimum + minimum / 4
    high = minimum + minimum / 2
  }

  /// How many frames of a machine with `frameCount` are kept for the kernel: four times the square root of the memory in KiB,
  /// as Linux has it, from 128 KiB to 64 MiB. It grows more slowly than memory because what the kernel needs in an
  /// emergency does.
  ///
  /// Source: Linux Documentation/admin-guide/sysctl/vm.rst, min_free_kbytes.
  public static func minimumFrames(of frameCount: Int) -> Int {
    let kibibytes = 4 * squareRoot(UInt64(frameCount) * 4)
    return Int(min(max(kibibytes, 128), 65_536)) / 4
  }

  private static func squareRoot(_ value: UInt64) -> UInt64 {
    var root: UInt64 = 0
    var bit: UInt64 = 1 << 31
    while bit != 0 {
      let candidate = root | bit
      if candidate * candidate <= value { root = candidate }
      bit >>= 1
    }
    return root
  }
}
