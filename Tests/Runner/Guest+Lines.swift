import Foundation
import Subprocess
import Synchronization

extension Guest {
  /// Boots, and ends the guest when `isLast` says so of a line on the serial port, or when it has said nothing for `patience`.
  ///
  /// - Returns: The lines, up to the last, or to where QEMU ended.
  func lines(patience: Duration, until isLast: @escaping @Sendable (String) -> Bool) async throws -> [String] {
    let arguments =
      ["--kill-after=5", "\(timeoutSeconds)", "Tools/qemu.sh", "-serial", "stdio", "-monitor", "none"] + extraArguments
    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments), environment: .inherit.updating(environment),
      input: .none, output: .sequence, error: .string(limit: 1 << 20)
    ) { execution in
      let lastHeard = LastHeard()
      return try await withThrowingTaskGroup(of: [String]?.self) { group in
        group.addTask {
          var lines: [String] = []
          for try await line in execution.standardOutput.strings(bufferingPolicy: .unbounded) {
            lastHeard.note()
            lines.append(line)
            if isLast(line) { break }
          }
          try? execution.send(signal: .terminate)
          return lines
        }
        group.addTask {
          while lastHeard.age < patience { try await Task.sleep(for: .milliseconds(500)) }
          try? execution.send(signal: .terminate)
          return nil
        }
        while let lines = try await group.next() {
          guard let lines else { continue }
          group.cancelAll()
          return lines
        }
        return []
      }
    }
    let errors = result.standardError
    return result.closureResult + (errors.isEmpty ? [] : ["QEMU: \(errors)"])
  }

  /// When a guest said something last.
  private final class LastHeard: Sendable {
    private let instant = Mutex(ContinuousClock.now)

    var age: Duration { ContinuousClock.now - instant.withLock { $0 } }
    func note() { instant.withLock { $0 = .now } }
  }
}
