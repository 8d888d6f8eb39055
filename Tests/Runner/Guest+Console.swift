import Foundation
import Subprocess

extension Guest {
  /// QEMU died of a signal, as of an assertion of its own: nothing is known of the guest.
  struct EmulatorDeath: Error {
    var signal: Int
    /// What it said itself.
    var words: String
  }

  /// As `converse`, for whoever tells QEMU's own end from the guest's.
  ///
  /// - Throws: `EmulatorDeath`, also after `body` has thrown or returned.
  func converseWhileQEMULives(
    _ body: @Sendable (GuestConsole, @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws -> String {
    let (log, death) = try await talk(body)
    if let death { throw death }
    return log
  }

  /// Boots, runs `body` with the guest's console and a way to type at it, and ends the guest.
  ///
  /// - Returns: what the guest and QEMU said.
  func converse(
    _ body: @Sendable (GuestConsole, @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws -> String {
    try await talk(body).log
  }

  private func talk(
    _ body: @Sendable (GuestConsole, @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws -> (log: String, death: EmulatorDeath?) {
    let arguments =
      ["--kill-after=5", "\(timeoutSeconds)", "Tools/qemu.sh", "-serial", "stdio", "-monitor", "none"] + extraArguments
    let console = GuestConsole()
    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments), environment: .inherit.updating(environment),
      input: .inputWriter, output: .sequence, error: .string(limit: 1 << 20)
    ) { execution in
      try await withThrowingTaskGroup(of: Void.self, returning: (any Error)?.self) { group in
        group.addTask {
          for try await buffer in execution.standardOutput {
            let bytes = buffer.bytes
            await console.append(bytes.byteOffsets.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
          }
          await console.end()
        }
        let writer = execution.standardInputWriter
        var failure: (any Error)?
        do {
          try await body(console) { bytes in _ = try await writer.write(bytes) }
        } catch is GuestConsole.Failure {
        } catch {
          failure = error
        }
        try? execution.send(signal: .terminate)
        try await group.waitForAll()
        return failure
      }
    }
    let errors = result.standardError
    let death = Self.signal(result.terminationStatus).map { EmulatorDeath(signal: $0, words: errors) }
    // Where QEMU is dead, there is nobody to type to.
    if let failure = result.closureResult, death == nil { throw failure }
    return (
      await console.log + (errors.isEmpty ? "" : "\nQEMU: " + errors), death
    )
  }

  /// The signal that QEMU died of by a fault of its own; nil otherwise. Timeout dies of its command's signals, or says 128 more.
  private static func signal(_ status: TerminationStatus) -> Int? {
    let signal: Int
    switch status {
    case .exited(let code): signal = Int(code) - 128
    case .signaled(let number): signal = Int(number)
    }
    return [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE].contains(Int32(signal)) ? signal : nil
  }
}
