import DeviceFiles
import Foundations
import Machine
import Security
import Time
import VFS
import Waiting

import enum LinuxABI.Capability

/// /dev/rtc0, open. Source: rtc(4).
final class ClockFile: TrackedDeviceFile {
  private let clock: ClockServer

  init(_ request: OpenRequest, _ inode: Inode, clock: ClockServer) throws(Errno) {
    self.clock = clock
    try super.init(request, inode, server: clock)
  }

  // MARK: Interrupts

  /// Waits for an interrupt, and tells which have come and how often: in four bytes, or in eight.
  override func readDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    let size = buffer.remaining == 4 ? 4 : 8
    guard buffer.remaining >= size else { throw .EINVAL }
    var events = clock.takeEvents()
    if events == nil {
      if isNonblocking { throw .EAGAIN }
      try clock.queue.wait(for: [.input, .readNormal, .hangUp]) {
        events = clock.takeEvents()
        return events != nil || clock.isGone
      }
    }
    guard let events else { throw .ENODEV }
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    span.store(events, at: 0)
    return try buffer.write(bytes.span.extracting(0..<size))
  }

  override var canPoll: Bool { true }

  override func pollDevice() -> PollEvents { clock.hasEvents ? [.input, .readNormal] : [] }

  // MARK: Requests

  override func controlDevice(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    switch request {
    case ClockCall.time: try UserPointer<ClockTimeStructure>(argument).store(ClockTimeStructure(try clock.time()))
    case ClockCall.setTime: try setTime(argument)
    case ClockCall.alarm: try UserPointer<ClockTimeStructure>(argument).store(ClockTimeStructure(try alarm()))
    case ClockCall.setAlarm: try setAlarm(argument)
    case ClockCall.wakeAlarm:
      let alarm = WakeAlarmStructure(try alarm(), isEnabled: clock.wishes.wantsAlarm)
      try UserPointer<WakeAlarmStructure>(argument).store(alarm)
    case ClockCall.setWakeAlarm:
      let wanted = try UserPointer<WakeAlarmStructure>(argument).load()
      guard let moment = wanted.time.civil else { throw .EINVAL }
      try clock.setAlarm(moment, isWanted: wanted.isEnabled)
    case ClockCall.alarmOn: try clock.change { $0.wantsAlarm = true }
    case ClockCall.alarmOff: try clock.change { $0.wantsAlarm = false }
    case ClockCall.updateOn: try clock.change { $0.wantsUpdates = true }
    case ClockCall.updateOff: try clock.change { $0.wantsUpdates = false }
    case ClockCall.periodicOn:
      try checkFrequency(UInt64(clock.wishes.frequency))
      try clock.change { $0.wantsPeriods = true }
    case ClockCall.periodicOff: try clock.change { $0.wantsPeriods = false }
    case ClockCall.rate: try UserPointer<UInt64>(argument).store(UInt64(clock.wishes.frequency))
    case ClockCall.setRate: try setRate(argument)
    // The year is counted from 1900, and not otherwise.
    case ClockCall.epoch: try UserPointer<UInt64>(argument).store(1_900)
    case ClockCall.setEpoch:
      try requireTimeCapability()
      guard argument == 1_900 else { throw .EINVAL }
    default: throw .ENOTTY
    }
    return 0
  }

  private func requireTimeCapability() throws(Errno) {
    guard credentials.has(.CAP_SYS_TIME) else { throw .EACCES }
  }

  private func checkFrequency(_ frequency: UInt64) throws(Errno) {
    guard frequency <= UInt64(clock.maximumFrequency) || credentials.has(.CAP_SYS_RESOURCE) else { throw .EACCES }
  }

  private func setTime(_ argument: UInt64) throws(Errno) {
    try requireTimeCapability()
    guard let time = try UserPointer<ClockTimeStructure>(argument).load().civil else { throw .EINVAL }
    try clock.setTime(time)
  }

  private func setRate(_ frequency: UInt64) throws(Errno) {
    try checkFrequency(frequency)
    guard frequency >= 1, frequency <= UInt64(ClockServer.frequencyLimit) else { throw .EINVAL }
    try clock.change { $0.frequency = Int(frequency) }
  }

  private func alarm() throws(Errno) -> CivilTime {
    guard let time = CivilTime(unixSeconds: clock.wishes.alarm) else { throw .EINVAL }
    return time
  }

  /// The alarm of the old request has a time of day only, and is the next one of that time.
  private func setAlarm(_ argument: UInt64) throws(Errno) {
    let wanted = try UserPointer<ClockTimeStructure>(argument).load()
    guard let moment = wanted.nextMoment(after: try clock.time()) else { throw .EINVAL }
    try clock.setAlarm(moment, isWanted: false)
  }
}
