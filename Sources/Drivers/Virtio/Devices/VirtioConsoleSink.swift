/// Who uses the ports of a virtio console.
open class VirtioConsoleSink {
  /// Creates a sink that drops everything.
  public init() {}

  /// Told that there is a port. It may be written to once it is open.
  open func portAdded(_ port: Int) {}
  /// Told that a port is a console for people.
  open func portIsConsole(_ port: Int) {}
  /// Told the name of a port, 1...120 bytes.
  open func portNamed(_ port: Int, _ name: Span<UInt8>) {}
  /// Told that somebody at the host has opened or closed a port.
  open func portChanged(_ port: Int, isOpen: Bool) {}
  /// Told that a port has gone.
  open func portRemoved(_ port: Int) {}
  /// For how many bytes from the host there is room; while it is not enough for a buffer, the host waits until
  /// `VirtioConsole.resume`.
  open func room(_ port: Int) -> Int { .max }
  /// Takes bytes from the host.
  open func receive(_ port: Int, _ bytes: Span<UInt8>) {}
  /// Told that a port has room for bytes again, after a write that took fewer than it was given.
  open func hasRoom(_ port: Int) {}
  /// Told the size of the screen behind a port, in characters.
  open func resized(_ port: Int, columns: Int, rows: Int) {}
}
