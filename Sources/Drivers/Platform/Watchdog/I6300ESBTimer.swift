import Foundations

/// The watchdog timer of Intel's 6300ESB, as far as registers go.
///
/// It has two stages; at the end of the second it resets the machine. Each is given half of the time, in ticks of 2^15 cycles of
/// the 33 MHz bus, about a millisecond. Every write to the timer's memory must follow two writes of keys.
///
/// Source: Intel 6300ESB data sheet, order number 300641, section 16.
///
/// - Context: one caller at a time.
final class I6300ESBTimer<Memory: RegisterSpace & ~Copyable, Configuration: RegisterSpace & ~Copyable> {
  /// Ticks of one stage for each second of both: 512 of about 1,024 in a second.
  private static var ticksPerSecond: UInt32 { 512 }
  /// How long both stages may last, in seconds: a stage has 20 bits.
  static var timeouts: ClosedRange<UInt32> { 1...2_046 }

  private let registers: I6300ESBRegisters<Memory>
  private let configuration: I6300ESBConfigurationRegisters<Configuration>

  init(_ memory: consuming Memory, _ configuration: consuming Configuration) {
    registers = I6300ESBRegisters(memory)
    self.configuration = I6300ESBConfigurationRegisters(configuration)
  }

  /// Whether nobody answers.
  private var isAbsent: Bool { configuration.lock.rawValue == .max && configuration.configuration.rawValue == .max }

  /// Whether the timer cannot be stopped, nor started, until the machine is reset.
  var isLocked: Bool { configuration.lock.isLocked }

  /// Whether it counts.
  var isRunning: Bool { configuration.lock.isEnabled }

  /// Makes it a watchdog that resets the machine and interrupts nobody. One that runs, runs on.
  ///
  /// - Throws: `ENODEV` when nobody answers, `EIO` when it is locked as something else.
  func prepare() throws(Errno) {
    guard !isAbsent else { throw .ENODEV }
    configuration.modifyConfiguration {
      $0.interrupt = .none
      $0.countsMicroseconds = false
      $0.suppressesReset = false
    }
    let found = configuration.configuration
    // QEMU keeps one bit of the two that say how the first stage interrupts, and never interrupts.
    guard !found.countsMicroseconds, !found.suppressesReset else { throw .EIO }
    let lock = configuration.lock
    guard lock.runsFreely else { return }
    guard !lock.isLocked else { throw .EIO }
    configuration.modifyLock {
      $0.runsFreely = false
      $0.isEnabled = false
    }
    guard !configuration.lock.runsFreely else { throw .EIO }
  }

  /// Whether it was what reset the machine; forgotten with that.
  func takeTimeout() -> Bool {
    guard registers.reload.rawValue != .max, registers.reload.hasTimedOut else { return false }
    unlock()
    var reload = I6300ESB.Reload()
    reload.hasTimedOut = true
    reload.reload = true
    registers.writeReload(reload)
    return true
  }

  /// Sets how long it may be left alone, and begins that time.
  ///
  /// - Throws: `EINVAL` for a time that it does not have, `ENODEV`.
  func setTimeout(_ seconds: UInt32) throws(Errno) {
    guard Self.timeouts.contains(seconds) else { throw .EINVAL }
    guard !isAbsent else { throw .ENODEV }
    let ticks = seconds * Self.ticksPerSecond
    unlock()
    registers.firstPreload = I6300ESB.FirstPreload(rawValue: ticks)
    unlock()
    registers.secondPreload = I6300ESB.SecondPreload(rawValue: ticks)
    reload()
  }

  /// Begins the time anew.
  ///
  /// - Throws: `ENODEV`.
  func keepAlive() throws(Errno) {
    guard !isAbsent else { throw .ENODEV }
    reload()
  }

  /// Starts it, from the whole time on.
  ///
  /// - Throws: `EIO` when it does not start, `ENODEV`.
  func start() throws(Errno) {
    guard !isAbsent else { throw .ENODEV }
    reload()
    configuration.modifyLock {
      $0.runsFreely = false
      $0.isEnabled = true
    }
    guard isRunning else { throw .EIO }
  }

  /// Stops it.
  ///
  /// - Throws: `EPERM` when it is locked, `EIO` when it goes on, `ENODEV`.
  func stop() throws(Errno) {
    guard !isAbsent else { throw .ENODEV }
    // What is left of its time must be enough for stopping it.
    reload()
    guard isRunning else { return }
    guard !isLocked else { throw .EPERM }
    configuration.modifyLock { $0.isEnabled = false }
    guard !isRunning else { throw .EIO }
  }

  private func reload() {
    unlock()
    var reload = I6300ESB.Reload()
    reload.reload = true
    registers.writeReload(reload)
  }

  /// Lets the next write reach its register.
  private func unlock() {
    registers.unlockFirst = I6300ESB.UnlockFirst()
    registers.unlockSecond = I6300ESB.UnlockSecond()
  }
}
