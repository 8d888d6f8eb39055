import Foundations
import Logging
import Machine
import PCI
import Time
import Waiting

/// Taking everything from a driver, however it has ended.
extension DriverHost {
  /// Takes everything from the driver: afterwards the device does nothing.
  func stop(isGone: Bool) {
    signals.setTimer(nil)
    if !isGone, driver != nil { _ = call(.reset) }
    device.attachment?.quiesce(isGone: isGone)
    if let function = device.function {
      if isGone {
        context.releaseInterrupts()
      } else if function.isBridge {
        // What is behind it goes on.
        function.disableMessages()
        function.disableExtendedMessages()
        context.releaseInterrupts()
      } else {
        function.disable()
        context.releaseInterrupts()
        _ = function.reset { microseconds in
          let deadline = ClockDeadline(after: UInt64(max(0, microseconds)) * 1_000)
          try? TimedWait.wait(until: deadline, .nothing) { false }
        }
      }
    } else {
      context.releaseInterrupts()
    }
    takeDomain()
    _ = DriverEnd(driver.take(), context)()
    // Also what it has taken while it ended; of what it has lost without an end nothing runs any more.
    signals.setTimer(nil)
    context.releaseInterrupts()
    signals.dropInterrupts()
    context.resources.releasePorts()
    Containment.renewHeap()
    // The old heap keeps the domain, from which its memory is taken when it is given back; the new one has none yet.
    try? Containment.setDomain(nil)
    context.resources.releaseMemory()
    context.resources.keepPublications()
  }

  func giveUp() {
    context.resources.withdrawPublications()
    requests.failAll(.EIO)
    device.setState(.failed)
  }

  func end(isGone: Bool) {
    if driver != nil { _ = call(.remove(isGone: isGone)) }
    stop(isGone: isGone)
    context.resources.withdrawPublications()
    requests.failAll(.ENODEV)
    isOver = true
    DeviceTree.didEnd(self, isGone ? .gone : .unbound)
  }

  /// Takes all memory from the device, which has been reset or is gone.
  private func takeDomain() {
    if let old = domain.take(), !old.detach() {
      DriverLog.add(.error, device, "its IOMMU does not confirm that it reaches no memory")
    }
  }
}
