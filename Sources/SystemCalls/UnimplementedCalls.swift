public import Foundations
import LinuxABI
import Machine

/// How often programs made calls that do not exist here: what is worth writing next.
public enum UnimplementedCalls {
  /// Numbers that are counted; the last stands for all from there on.
  private static let limit = 512

  private static let counts = SpinLock(InlineArray<512, UInt32>(repeating: 0))

  /// Counts one call.
  static func count(_ number: UInt32) {
    counts.withLock { counts in
      let index = min(Int(number), limit - 1)
      // It stays at its largest rather than begin again.
      if counts[index] < .max { counts[index] += 1 }
    }
  }

  /// How often a call was made that does not exist here; for the number 511, all numbers from there on.
  public static func count(of number: UInt16) -> UInt32 {
    counts.withLock { Int(number) < limit ? $0[Int(number)] : 0 }
  }

  /// Writes a line for each such call that was made: its number, its name, and how often; all others together as `other`.
  public static func write(to sink: inout some TextSink & ~Copyable) {
    for number in 0..<UInt16(limit) {
      let count = count(of: number)
      guard count > 0 else { continue }
      sink.write(decimal: UInt64(number), width: 3)
      sink.write(" ")
      sink.write(SystemCallNumber(rawValue: number)?.name ?? "other")
      sink.write(" ")
      sink.write(decimal: UInt64(count))
      sink.write("\n")
    }
  }
}
