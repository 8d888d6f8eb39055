import Foundations
import Machine
import Testing
import VFS

@testable import SystemFileSystem

/// A machine that notes when it is suspended.
private final class FakeSuspendControl: SuspendControl {
  var suspendCount = 0
  var refusal: Errno?
  var timeout: UInt64 = 20_000
  var expected: UInt64?

  override func suspend() throws(Errno) {
    if let refusal { throw refusal }
    suspendCount += 1
  }
  override var wakeCount: UInt64 { 17 }
  override func expectNoMore(than count: UInt64) -> Bool {
    expected = count
    return count == 17
  }
  override var freezeTimeoutMilliseconds: UInt64 { timeout }
  override func setFreezeTimeout(milliseconds: UInt64) { timeout = milliseconds }
}

private final class FakeSwitch: WakeSwitch {
  var (can, may) = (false, false)
  override var canWake: Bool { can }
  override var mayWake: Bool { may }
  override func setMayWake(_ may: Bool) { self.may = may }
}

@Suite("Suspending by way of /sys")
struct SuspendFileTests {
  @Test("/sys/power suspends the machine, for the words that Linux knows")
  func suspendFiles() throws {
    try withWorld { world in
      let control = FakeSuspendControl()
      #expect(try world.names("power") == [])
      try world.fileSystem.addSuspend(control)
      #expect(try world.text("power/state") == "freeze mem\n")
      #expect(try world.text("power/mem_sleep") == "[s2idle]\n")
      #expect(try world.text("power/wakeup_count") == "17\n")
      #expect(try world.text("power/pm_freeze_timeout") == "20000\n")
      try world.write("mem\n", to: "power/state")
      try world.write("freeze", to: "power/state")
      #expect(control.suspendCount == 2)
      for word in ["disk", "standby", "memory", "\n"] {
        #expect(throws: Errno.EINVAL, "\(word)") { try world.write(word, to: "power/state") }
      }
      control.refusal = .EBUSY
      #expect(throws: Errno.EBUSY) { try world.write("mem", to: "power/state") }
      try world.write("s2idle\n", to: "power/mem_sleep")
      #expect(throws: Errno.EINVAL) { try world.write("deep\n", to: "power/mem_sleep") }
      try world.write("17\n", to: "power/wakeup_count")
      #expect(control.expected == 17)
      #expect(throws: Errno.EINVAL) { try world.write("16", to: "power/wakeup_count") }
      #expect(throws: Errno.EINVAL) { try world.write("many", to: "power/wakeup_count") }
      try world.write("500", to: "power/pm_freeze_timeout")
      #expect(control.timeout == 500)
      #expect(throws: Errno.EINVAL) { try world.write("5000000000", to: "power/pm_freeze_timeout") }
    }
  }

  @Test("A device that can wake the machine says whether it may, also by way of its class")
  func wakeup() throws {
    try withWorld { world in
      var description = SystemDeviceDescription()
      description.bus = "platform"
      let clock = try world.fileSystem.addDevice("rtc_cmos", below: nil, description)
      let control = FakeSwitch()
      try clock.addWakeup(control)
      description = SystemDeviceDescription()
      description.className = "rtc"
      _ = try world.fileSystem.addDevice("rtc0", below: clock, description)
      #expect(try world.link("class/rtc/rtc0/device") == "../../../rtc_cmos")
      let path = "class/rtc/rtc0/device/power/wakeup"
      #expect(try world.text(path) == "\n")
      #expect(throws: Errno.EINVAL) { try world.write("enabled", to: path) }
      (control.can, control.may) = (true, true)
      #expect(try world.text(path) == "enabled\n")
      try world.write("disabled\n", to: path)
      #expect(!control.may)
      #expect(try world.text(path) == "disabled\n")
      try world.write("enabled", to: path)
      #expect(control.may)
      #expect(throws: Errno.EINVAL) { try world.write("yes", to: path) }
      #expect(throws: Errno.EEXIST) { try clock.addWakeup(control) }
    }
  }
}
