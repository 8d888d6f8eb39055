/// The requests of ioctl(2) that terminals know. Source: ioctl_tty(2), Linux include/uapi/asm-generic/ioctls.h.
public enum TerminalRequest: UInt32, Sendable {
  /// Tells the modes.
  case TCGETS = 0x5401
  /// Sets the modes now.
  case TCSETS = 0x5402
  /// Sets the modes when output is sent.
  case TCSETSW = 0x5403
  /// As TCSETSW, and throws input away.
  case TCSETSF = 0x5404
  /// As TCGETS, for `struct termio`.
  case TCGETA = 0x5405
  /// As TCSETS, for `struct termio`.
  case TCSETA = 0x5406
  /// As TCSETSW, for `struct termio`.
  case TCSETAW = 0x5407
  /// As TCSETSF, for `struct termio`.
  case TCSETAF = 0x5408
  /// Waits until output is sent, and sends a break if the argument is 0.
  case TCSBRK = 0x5409
  /// Holds up or starts output or input.
  case TCXONC = 0x540a
  /// Throws input or output away.
  case TCFLSH = 0x540b
  /// Lets nobody else open the terminal.
  case TIOCEXCL = 0x540c
  /// Lets others open it again.
  case TIOCNXCL = 0x540d
  /// Makes it the caller's controlling terminal.
  case TIOCSCTTY = 0x540e
  /// Tells the foreground group.
  case TIOCGPGRP = 0x540f
  /// Sets the foreground group.
  case TIOCSPGRP = 0x5410
  /// Tells how much output is not sent.
  case TIOCOUTQ = 0x5411
  /// Types a character.
  case TIOCSTI = 0x5412
  /// Tells the size of the window.
  case TIOCGWINSZ = 0x5413
  /// Sets the size of the window.
  case TIOCSWINSZ = 0x5414
  /// Tells whether modem lines are ignored.
  case TIOCGSOFTCAR = 0x5419
  /// Sets whether modem lines are ignored.
  case TIOCSSOFTCAR = 0x541a
  /// Tells how much there is to read. Also TIOCINQ.
  case FIONREAD = 0x541b
  /// Sets packet mode.
  case TIOCPKT = 0x5420
  /// Gives the controlling terminal up.
  case TIOCNOTTY = 0x5422
  /// Sets the line discipline; there is one.
  case TIOCSETD = 0x5423
  /// Tells the line discipline.
  case TIOCGETD = 0x5424
  /// Waits until output is sent, and sends a break of so many tenths of a second.
  case TCSBRKP = 0x5425
  /// Begins a break.
  case TIOCSBRK = 0x5427
  /// Ends a break.
  case TIOCCBRK = 0x5428
  /// Tells the session.
  case TIOCGSID = 0x5429
  /// As TCGETS, with speeds.
  case TCGETS2 = 0x802c_542a
  /// As TCSETS, with speeds.
  case TCSETS2 = 0x402c_542b
  /// As TCSETSW, with speeds.
  case TCSETSW2 = 0x402c_542c
  /// As TCSETSF, with speeds.
  case TCSETSF2 = 0x402c_542d
  /// Tells the number of a pseudo terminal.
  case TIOCGPTN = 0x8004_5430
  /// Locks or unlocks the slave.
  case TIOCSPTLCK = 0x4004_5431
  /// Tells the number of the device.
  case TIOCGDEV = 0x8004_5432
  /// Sends a signal to the slave's foreground group.
  case TIOCSIG = 0x4004_5436
  /// Hangs up.
  case TIOCVHANGUP = 0x5437
  /// Tells whether packet mode is on.
  case TIOCGPKT = 0x8004_5438
  /// Tells whether the slave is locked.
  case TIOCGPTLCK = 0x8004_5439
  /// Tells whether nobody else may open the terminal.
  case TIOCGEXCL = 0x8004_5440
  /// Opens the slave. What files are is not the terminals' to say: whoever owns the descriptors serves this one.
  case TIOCGPTPEER = 0x5441
}
