public import Foundations
import Machine

/// The pseudo terminals of one devpts: their numbers, and the slaves by number.
///
/// A number is free again when master and slave are both closed; its name goes when the master is closed.
public final class PseudoTerminals {
  /// As many as Linux allows by default: /proc/sys/kernel/pty/max.
  public static let limit = 4_096
  /// The major number of slaves.
  public static let slaveMajor: UInt32 = 136

  private struct Place {
    var isUsed = false
    var terminal: Terminal?
  }

  private struct Places: ~Copyable {
    var list = GrowableArray<Place>()
  }

  private let places = SpinLock(Places())
  private let jobControl: TerminalJobControl

  /// Makes an empty devpts.
  public init(jobControl: TerminalJobControl) { self.jobControl = jobControl }

  /// Opens `/dev/ptmx`: a new pair with the lowest number that is free, whose slave is locked.
  ///
  /// - Throws: `ENOSPC` when there are too many, `ENOMEM`.
  /// - Context: a thread, without locks.
  public func openMaster() throws(Errno) -> PseudoTerminalMaster {
    let number = try reserve()
    // Releases the number when the terminal is gone, or was never made.
    let device = PseudoDevice(number, self)
    var modes = Termios()
    modes.control.remove(.HUPCL)
    let terminal = try Terminal(
      device, (Self.slaveMajor, UInt32(number)), modes, jobControl, isPseudo: true)
    places.withLock { $0.list[number].terminal = terminal }
    return PseudoTerminalMaster(terminal, number: number, self)
  }

  /// The terminal whose slave is `/dev/pts/number`; nil when there is none.
  public func slave(_ number: Int) -> Terminal? {
    places.withLock { number >= 0 && number < $0.list.count ? $0.list[number].terminal : nil }
  }

  /// The lowest number of a slave that is `number` or more, to list them; nil at the end.
  public func nextNumber(from number: Int) -> Int? {
    places.withLock { places in
      var number = max(number, 0)
      while number < places.list.count {
        if places.list[number].terminal != nil { return number }
        number += 1
      }
      return nil
    }
  }

  private func reserve() throws(Errno) -> Int {
    try places.withLock { places throws(Errno) in
      var number = 0
      while number < places.list.count, places.list[number].isUsed { number += 1 }
      guard number < Self.limit else { throw .ENOSPC }
      if number == places.list.count { try places.list.append(Place()) }
      places.list[number].isUsed = true
      return number
    }
  }

  /// Takes the slave's name away.
  func forget(_ number: Int) {
    // The last reference may be this one, and ends outside the lock.
    let terminal: Terminal? = places.withLock { places in
      let terminal = places.list[number].terminal
      places.list[number].terminal = nil
      return terminal
    }
    _ = terminal
  }

  fileprivate func release(_ number: Int) { places.withLock { $0.list[number].isUsed = false } }
}

/// The device of a pseudo terminal, which is its master. Lives as long as the terminal.
private final class PseudoDevice: TerminalDevice {
  private let number: Int
  private let registry: PseudoTerminals

  init(_ number: Int, _ registry: PseudoTerminals) {
    (self.number, self.registry) = (number, registry)
    super.init()
  }

  deinit { registry.release(number) }
}
