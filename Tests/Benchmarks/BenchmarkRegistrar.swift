import Foundations
import Machine
import Time

/// Receives every benchmark once, and lists or runs those that were asked for.
struct BenchmarkRegistrar: ~Copyable {
  enum Task {
    case list
    case run
  }

  /// Of several rounds the fastest counts: what disturbs one is not the operation's.
  private static let rounds = 3
  /// Operations before the first round, which fill caches.
  private static let warmUp = 100

  private let task: Task
  private let selection: NameSelection
  private var serial = EarlyTextSink()
  private(set) var measured = 0
  private(set) var failed = 0

  init(_ task: Task, _ selection: consuming NameSelection) {
    self.task = task
    self.selection = selection
  }

  /// Measures `operation`.
  ///
  /// - Parameters:
  ///   - target: the most instructions that it should take.
  ///   - operations: how often it is done in a round.
  ///   - batch: how many of what the row is about one call of `operation` does.
  @inline(__always)
  mutating func measure(
    _ name: String, target: Int? = nil, operations: Int = 10_000, batch: Int = 1,
    _ operation: () throws(Errno) -> Void
  ) {
    guard begins(name) else { return }
    do throws(Errno) {
      report(name, target, try Measurement.best(of: Self.rounds, operations, warmUp: Self.warmUp, operation), batch)
    } catch {
      reportFailure(name, error)
    }
  }

  /// Measures `operation` on what `prepare` makes, which is not measured.
  @inline(__always)
  mutating func measure<Fixture: ~Copyable>(
    _ name: String, target: Int? = nil, operations: Int = 10_000, batch: Int = 1,
    on prepare: () throws(Errno) -> Fixture, _ operation: (inout Fixture) throws(Errno) -> Void
  ) {
    guard begins(name) else { return }
    do throws(Errno) {
      var fixture = try prepare()
      let result = try Measurement.best(of: Self.rounds, operations, warmUp: Self.warmUp) { () throws(Errno) in
        try operation(&fixture)
      }
      report(name, target, result, batch)
    } catch {
      reportFailure(name, error)
    }
  }

  /// Lists `name` when that is the task.
  ///
  /// - Returns: whether to measure it.
  private mutating func begins(_ name: String) -> Bool {
    switch task {
    case .run: return selection.contains(name)
    case .list:
      serial.write("bench: list ")
      serial.write(name)
      serial.write("\n")
      return false
    }
  }

  private mutating func report(_ name: String, _ target: Int?, _ result: Measurement, _ batch: Int) {
    measured += 1
    let nanoseconds = Clock.nanoseconds(ticks: result.ticks &- min(result.ticks, result.overhead))
    serial.write("bench: ")
    serial.write(name)
    serial.write(" operations=\(result.operations * batch) ticks=\(result.ticks)" as Message)
    serial.write(" overhead=\(result.overhead) nanoseconds=\(nanoseconds)" as Message)
    if let target { serial.write(" target=\(target)" as Message) }
    serial.write("\n")
  }

  private mutating func reportFailure(_ name: String, _ error: Errno) {
    failed += 1
    serial.write("bench: fail ")
    serial.write(name)
    serial.write(": error \(error.rawValue)\n" as Message)
  }
}
