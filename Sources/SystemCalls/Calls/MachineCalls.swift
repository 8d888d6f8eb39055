import Foundations
import LinuxABI
import Machine
import PageCache
import Processes
import Scheduler
import Scheduling
import Security
import Terminals
import Time

/// The machine as a whole: its names, its memory, its end.
extension SystemCallContext {
  // MARK: Names

  /// uname(2)
  func uname(_ name: UserPointer<Utsname>) throws(Errno) {
    let personality = task.settings.personality
    let is32Bit = personality.executionDomain == .PER_LINUX32
    try name.store(
      Utsname(
        machine: is32Bit ? "i686" : SystemNames.machine,
        // For programs that cannot read a release of two parts: 2.6, and 60 more than the second. Source: Linux kernel/sys.c.
        release: personality.contains(.UNAME26) ? "2.6.61-apus" : SystemNames.release))
  }

  /// sethostname(2)
  func sethostname(_ name: UserPointer<UInt8>, _ byteCount: Int32) throws(Errno) {
    SystemNames.hostName = try readName(name, byteCount)
  }

  /// setdomainname(2)
  func setdomainname(_ name: UserPointer<UInt8>, _ byteCount: Int32) throws(Errno) {
    SystemNames.domainName = try readName(name, byteCount)
  }

  private func readName(_ name: UserPointer<UInt8>, _ byteCount: Int32) throws(Errno) -> SystemName {
    try task.credentials.require(.CAP_SYS_ADMIN)
    guard byteCount >= 0, Int(byteCount) <= SystemName.limit else { throw .EINVAL }
    var bytes = InlineArray<64, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    var part = span._mutatingExtracting(0..<Int(byteCount))
    try UserMemory.copyIn(from: name.address, into: &part)
    return SystemName(bytes.span.extracting(0..<Int(byteCount)))
  }

  // MARK: State

  /// sysinfo(2)
  func sysinfo(_ information: UserPointer<Sysinfo>) throws(Errno) {
    let memory = MachineControl.memoryStatistics()
    func bytes(_ pageCount: Int) -> UInt64 { UInt64(max(0, pageCount)) << 12 }
    var result = Sysinfo()
    // Rounded up, as on Linux.
    result.uptime = Clock.bootTime / 1_000_000_000 + 1
    // In units of 2^-16 here.
    let (averages, scale) = (SchedulerStatistics.loadAverages, (1 << 16) / LoadAverages.one)
    result.loads = (averages.oneMinute * scale, averages.fiveMinutes * scale, averages.fifteenMinutes * scale)
    result.total = bytes(memory.total)
    result.free = bytes(memory.free)
    result.shared = bytes(memory.shared)
    result.buffers = bytes(memory.buffers)
    result.swapTotal = bytes(memory.swapTotal)
    result.swapFree = bytes(memory.swapFree)
    result.processCount = UInt16(clamping: task.process.tree.count)
    try information.store(result)
  }

  // MARK: End

  /// reboot(2)
  func reboot(
    _ magic1: RebootMagic1, _ magic2: RebootMagic2, _ command: RebootCommand, _ argument: UInt64
  ) throws(Errno) {
    try task.credentials.require(.CAP_SYS_BOOT)
    switch command {
    case .LINUX_REBOOT_CMD_RESTART: MachineControl.restart()
    case .LINUX_REBOOT_CMD_RESTART2:
      // What is asked of the firmware is for machines whose firmware would listen.
      try UserString(argument).withBytes(limit: 256) { _ throws(Errno) in }
      MachineControl.restart()
    case .LINUX_REBOOT_CMD_HALT: MachineControl.halt()
    case .LINUX_REBOOT_CMD_POWER_OFF: MachineControl.powerOff()
    case .LINUX_REBOOT_CMD_CAD_ON: MachineControl.restartsOnControlAltDelete = true
    case .LINUX_REBOOT_CMD_CAD_OFF: MachineControl.restartsOnControlAltDelete = false
    case .LINUX_REBOOT_CMD_SW_SUSPEND, .LINUX_REBOOT_CMD_KEXEC: throw .EINVAL
    }
  }

  // MARK: Terminals and ports

  /// vhangup(2)
  func vhangup() throws(Errno) {
    try task.credentials.require(.CAP_SYS_TTY_CONFIG)
    task.process.terminal?.hangUp()
  }

  /// ioperm(2): no program gets ports, as on a kernel that is locked down.
  func ioperm(_ first: UInt64, _ count: UInt64, _ isOn: Int32) throws(Errno) {
    let (end, overflows) = first.addingReportingOverflow(count)
    guard !overflows, count > 0, end <= 65_536 else { throw .EINVAL }
    if isOn != 0 { throw .EPERM }
  }

  /// iopl(2): the same.
  func iopl(_ level: UInt32) throws(Errno) {
    guard level <= 3 else { throw .EINVAL }
    if level > 0 { throw .EPERM }
  }
}
