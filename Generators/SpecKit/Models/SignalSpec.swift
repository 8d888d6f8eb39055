/// `signals.json`: the signals and what each does when nobody handles it.
public struct SignalSpec: SpecModel {
  /// What happens when nobody handles a signal.
  public enum Action: String, Decodable, CaseIterable {
    /// The process ends.
    case terminate
    /// The process ends and leaves a memory image.
    case dump
    /// Nothing.
    case ignore
    /// The process stops.
    case stop
    /// The process goes on if it was stopped.
    case `continue`
  }

  /// One standard signal.
  public struct Entry: Decodable {
    /// The number, 1 to 64.
    public let number: Located<Int>
    /// The C name.
    public let name: Located<String>
    /// The default action.
    public let action: Located<Action>
    /// True when a fault of the running thread raises it.
    public let synchronous: Bool?
    /// False when it can be neither caught, blocked nor ignored.
    public let catchable: Bool?
    /// Other C names.
    public let aliases: [Located<String>]?
    /// A few words of our own.
    public let description: String
  }

  /// The range of real-time signals.
  public struct RealTime: Decodable {
    /// The first number.
    public let first: Located<Int>
    /// The last number.
    public let last: Located<Int>
    /// How many of the first ones the C library keeps.
    public let reservedByLibrary: Located<Int>
    /// The default action.
    public let action: Action
  }

  /// The standard signals, by number.
  public let signals: [Entry]
  /// The real-time signals.
  public let realTime: RealTime
  /// The public documents behind it.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "signals.schema.json" }
  /// How many standard signals there are.
  public var entryCount: Int { signals.count }

  /// Standard signals fill 1 up to the real-time range; no name stands twice.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "number", in: signals.map(\.number))
    context.reportDuplicates(of: "name", in: signals.flatMap { [$0.name] + ($0.aliases ?? []) })
    let first = realTime.first.value
    let last = realTime.last.value
    if last < first {
      context.report(realTime.last, "the last real-time signal \(last) is below the first, \(first)", "swap them")
    } else if realTime.reservedByLibrary.value > last - first {
      context.report(
        realTime.reservedByLibrary, "the library would keep every real-time signal", "write at most \(last - first)")
    }
    for entry in signals where entry.number.value >= first {
      context.report(
        entry.number, "\(entry.number.value) is a real-time signal", "use a number below \(first) (realTime.first)")
    }
    let taken = Set(signals.map(\.number.value))
    var gaps: [(missing: Int, entry: Entry?)] = []
    for missing in 1..<max(first, 2) where !taken.contains(missing) {
      let next = signals.first { $0.number.value > missing }
      if gaps.last?.entry?.number.path == next?.number.path, !gaps.isEmpty { continue }
      gaps.append((missing, next))
    }
    for gap in gaps {
      context.report(
        gap.entry?.number ?? realTime.first, "the signal \(gap.missing) before it is missing",
        "add the signal \(gap.missing)")
    }
    for (before, entry) in zip(signals, signals.dropFirst()) where entry.number.value < before.number.value {
      context.report(
        entry.number, "the number \(entry.number.value) comes after \(before.number.value)",
        "keep the signals in the order of numbers")
    }
    for entry in signals
    where entry.catchable == false && (entry.action.value == .ignore || entry.action.value == .continue) {
      context.report(
        entry.action, "a signal that cannot be caught would do nothing", "write \"terminate\", \"dump\" or \"stop\"")
    }
  }
}
