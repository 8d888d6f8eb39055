public import Foundations

/// What a terminal drives: a serial port, or a screen and a keyboard.
///
/// Bytes towards the computer go to `Terminal.receive`. Bytes from it are fetched: when there are some the terminal calls
/// `startOutput`, and the device takes them with `Terminal.takeOutput`, now or when it has room. A device that fetches on more
/// than one CPU holds its own lock around fetching and sending, or bytes change places.
open class TerminalDevice {
  /// Creates a device.
  public init() {}

  /// Told that there is output to take.
  ///
  /// - Context: any, interrupts may be off; called without locks of the terminal.
  open func startOutput(_ terminal: Terminal) {}

  /// Told of new modes: speed, size and parity are the device's.
  ///
  /// - Returns: the modes with what the device cannot do put right.
  /// - Context: a thread, without locks.
  open func setModes(_ new: Termios, from old: Termios) -> Termios { new }

  /// Whether a hang-up brings back the modes that the terminal began with, as for screens; serial ports keep theirs.
  open var forgetsModes: Bool { false }

  /// Holds the sender of input up, or lets it go on: by modem lines, if CRTSCTS says so. STOP and START come as output.
  ///
  /// - Context: any, interrupts may be off.
  open func setThrottled(_ isThrottled: Bool) {}

  /// Told that there is room again for input that it holds back because `Terminal.inputRoom` said so.
  ///
  /// - Context: any, interrupts may be off; called without locks of the terminal.
  open func resumeInput() {}

  /// How much was taken and is not sent.
  open var unsentCount: Int { 0 }

  /// Begins or ends a break.
  ///
  /// - Throws: `ENOTTY` where there is no such thing, in which case nothing is done.
  open func setBreak(_ isOn: Bool) throws(Errno) { throw .ENOTTY }

  /// Told that the terminal is opened the first time.
  ///
  /// - Throws: what opening is to fail with.
  open func open() throws(Errno) {}

  /// Told that the terminal is closed the last time, or hung up.
  ///
  /// - Context: any thread, without locks.
  open func close() {}

  /// A request of ioctl(2) that terminals do not know, such as that for modem lines.
  ///
  /// - Throws: `ENOTTY`.
  open func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int { throw .ENOTTY }
}
