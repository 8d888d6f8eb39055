import Foundation

extension PlatformCase {
  /// The machine rests until a person does something.
  static let waking = PlatformCase(
    name: "a key, the mouse, the serial line and the power button wake a machine that rests",
    arguments: { folder in ["-qmp", "unix:\(folder)/qmp,server=on,wait=off"] },
    body: { shell, folder in
      for (index, (what, event)) in wakers.enumerated() {
        try await shell.type(Array("echo freeze >/sys/power/state; echo en''d-of-command\n".utf8))
        guard try await !isOver(shell, seconds: 2) else { throw ShellFailure(reason: "it does not rest for \(what)") }
        var wakes = 0
        repeat {
          wakes += 1
          guard wakes <= 20 else { throw ShellFailure(reason: "it is not woken by \(what)") }
          // What comes before it rests wakes nobody.
          if let event {
            try await ask(folder, "human-monitor-command", "command-line=\(event)")
          } else {
            try await shell.type(Array("\n".utf8))
          }
        } while try await !isOver(shell, seconds: 3)
        try await shell.expect("dmesg | grep -c 'woken after'", says: "\(index + 1)")
      }
    })

  /// Who wakes it, and what makes QEMU do so; nil for what is typed at the serial line.
  private static let wakers: [(what: String, event: String?)] = [
    ("a key", "sendkey a"), ("the mouse", "mouse_move 20 20"), ("the serial line", nil),
    ("the power button", "system_powerdown"),
  ]

  private static func isOver(_ shell: GuestShell, seconds: Double) async throws -> Bool {
    do {
      _ = try await shell.console.wait(seconds: seconds, for: "end-of-command\n")
      return true
    } catch GuestConsole.Failure.timeout {
      return false
    }
  }
}
