public import Foundations
import Machine
import SyntheticFiles

/// What programs want of the machine's rest. Whoever composes the kernel derives from it.
open class SuspendControl {
  /// Creates one of a machine that cannot be suspended.
  public init() {}

  /// Suspends the machine until something wakes it.
  ///
  /// - Throws: `EBUSY`, and why a device refuses; everything works then.
  /// - Context: the thread of the program that asks; may wait.
  open func suspend() throws(Errno) { throw .ENODEV }
  /// How many events there have been that would have woken the machine.
  open var wakeCount: UInt64 { 0 }
  /// Has the next attempt to suspend the machine fail if there are more than `count`.
  ///
  /// - Returns: false when there are already.
  open func expectNoMore(than count: UInt64) -> Bool { false }
  /// How long programs may take until they are frozen, in milliseconds.
  open var freezeTimeoutMilliseconds: UInt64 { 20_000 }
  /// Sets it.
  open func setFreezeTimeout(milliseconds: UInt64) {}
}

/// /sys/power: suspending the machine, to idle only. Source: Linux Documentation/ABI/testing/sysfs-power.
extension SystemFileSystem {
  /// Makes the files of /sys/power, which `control` answers for.
  ///
  /// - Throws: `ENOMEM`; `EEXIST` the second time.
  /// - Context: a thread without spin locks.
  public func addSuspend(_ control: SuspendControl) throws(Errno) {
    guard let power else { throw .EINVAL }
    try power.add(
      "state", permissions: 0o644, { text in text.write("freeze mem\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let word = AttributeText.line(text)
        guard word.isEqual(to: "freeze") || word.isEqual(to: "mem") else { throw .EINVAL }
        try control.suspend()
      })
    try power.add(
      "mem_sleep", permissions: 0o644, { text in text.write("[s2idle]\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        guard AttributeText.line(text).isEqual(to: "s2idle") else { throw .EINVAL }
      })
    try power.add(
      "wakeup_count", permissions: 0o644,
      { text in
        text.write(decimal: control.wakeCount)
        text.write("\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        guard control.expectNoMore(than: try AttributeText.number(text)) else { throw .EINVAL }
      })
    try power.add(
      "pm_freeze_timeout", permissions: 0o644,
      { text in
        text.write(decimal: control.freezeTimeoutMilliseconds)
        text.write("\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let milliseconds = try AttributeText.number(text)
        guard milliseconds <= UInt64(UInt32.max) else { throw .EINVAL }
        control.setFreezeTimeout(milliseconds: milliseconds)
      })
  }
}

/// Whether a device may wake the machine: the file `power/wakeup` of those that can.
open class WakeSwitch {
  /// Creates one of a device that cannot.
  public init() {}

  /// Whether the device can wake the machine.
  open var canWake: Bool { false }
  /// Whether it may.
  open var mayWake: Bool { false }
  /// Says whether it may.
  open func setMayWake(_ may: Bool) {}
}

extension SystemDevice {
  /// Adds `power/wakeup`, which says nothing as long as the device cannot wake the machine.
  /// Source: Linux Documentation/ABI/testing/sysfs-devices-power.
  ///
  /// - Throws: `ENOMEM`; `EEXIST` the second time.
  public func addWakeup(_ control: WakeSwitch) throws(Errno) {
    let name: Message = "power"
    guard let power = try directory.lookUp(name.bytes) as? SyntheticDirectory else { throw .EINVAL }
    try power.add(
      "wakeup", permissions: 0o644,
      { text in
        if control.canWake { text.write(control.mayWake ? "enabled\n" : "disabled\n") } else { text.write("\n") }
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let word = AttributeText.line(text)
        guard control.canWake, word.isEqual(to: "enabled") || word.isEqual(to: "disabled") else { throw .EINVAL }
        control.setMayWake(word.isEqual(to: "enabled"))
      })
  }
}
