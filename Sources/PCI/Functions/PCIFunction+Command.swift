import Machine

/// One at a time changes command registers.
///
/// A change is a read and a write. Without this, an interrupt's handler that turns a pin off on one CPU would write back what the driver's
/// thread has just taken away on another: the right to reach memory.
private enum CommandChange {
  static let lock = SpinLock(false)
}

extension PCIConfigurationRegisters where Space == PCIConfigurationSpace {
  /// Changes the command register of a function, so that nothing is lost that others change in it at the same time: in place of
  /// `modifyCommand`.
  ///
  /// - Context: any; `body` runs with interrupts off.
  func changeCommand(_ body: (inout PCIConfiguration.Command) -> Void) {
    PCIConfigurationSpace.whileNobodyChangesCommands { modifyCommand(body) }
  }
}

extension PCIConfigurationSpace {
  /// Runs `body`, which may write a command register, while nobody else changes one.
  ///
  /// - Context: any; interrupts are off meanwhile.
  static func whileNobodyChangesCommands<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try CommandChange.lock.withLock { _ throws(Failure) in try body() }
  }
}
