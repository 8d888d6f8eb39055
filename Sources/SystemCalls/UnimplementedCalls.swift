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

  /// Writes how many calls there are of each status, a line each.
  public static func writeStatus(to sink: inout some TextSink & ~Copyable) {
    var counts = InlineArray<4, Int>(repeating: 0)
    for number in 0...SystemCallNumber.lastNumber {
      if let call = SystemCallNumber(rawValue: number) { counts[place(of: call.status)] += 1 }
    }
    for index in 0..<4 {
      sink.write(name(ofPlace: index).description)
      sink.write(" ")
      sink.write(decimal: UInt64(counts[index]))
      sink.write("\n")
    }
  }

  private static func place(of status: SystemCallStatus) -> Int {
    switch status {
    case .done: 0
    case .partial: 1
    case .planned: 2
    case .obsolete: 3
    }
  }

  private static func name(ofPlace index: Int) -> StaticString {
    switch index {
    case 0: "done"
    case 1: "partial"
    case 2: "planned"
    default: "obsolete"
    }
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
