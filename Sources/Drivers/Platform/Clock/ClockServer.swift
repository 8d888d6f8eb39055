public import DeviceFiles
public import DriverKit
public import Foundations
import Machine
public import SyntheticFiles
public import Time
public import VFS
import Waiting

/// What is wanted of the battery-backed clock. Doing it twice does no harm.
public final class ClockRequest: DriverRequest {
  /// What is wanted.
  public enum Order: Equatable, Sendable {
    /// To tell the time, in seconds since 1970.
    case readTime
    /// To set it.
    case setTime(CivilTime)
    /// To interrupt as `ClockServer.wishes` says from now on.
    case follow
  }

  /// What is wanted.
  public let order: Order

  init(_ order: Order) {
    self.order = order
    super.init(isRepeatable: true)
  }
}

/// What programs want the clock to tell them.
public struct ClockWishes: Equatable, Sendable {
  /// Each second.
  public var wantsUpdates = false
  /// So many times a second, if `frequency` says how often.
  public var wantsPeriods = false
  /// How often, 1...8,192 times a second.
  public var frequency = 1
  /// The moment of the alarm, in seconds since 1970.
  public var alarm = 0
  /// Whether the alarm is wanted.
  public var wantsAlarm = false

  /// Nothing.
  public init() {}

  /// Takes back what was changed from `old` to `new`, as far as nobody has changed it since.
  mutating func takeBack(_ new: ClockWishes, to old: ClockWishes) {
    if wantsUpdates == new.wantsUpdates { wantsUpdates = old.wantsUpdates }
    if wantsPeriods == new.wantsPeriods { wantsPeriods = old.wantsPeriods }
    if frequency == new.frequency { frequency = old.frequency }
    if alarm == new.alarm { alarm = old.alarm }
    if wantsAlarm == new.wantsAlarm { wantsAlarm = old.wantsAlarm }
  }
}

/// What /dev/rtc0 does. Source: rtc(4); Linux Documentation/admin-guide/rtc.rst.
///
/// What has happened is counted here; the driver says what does, and follows what is wanted of it.
public final class ClockServer: DeviceFileServer {
  private struct State {
    var isOpen = false
    var wishes = ClockWishes()
    var maximumFrequency = 64
    /// What a read gives: a count above eight bits that say of what, 0 for nothing.
    var events: UInt64 = 0
  }

  /// The highest rate that there is. Source: rtc(4).
  static var frequencyLimit: Int { 8_192 }
  private static var anyInterrupt: UInt64 { 0x80 }

  /// Whether the time of day began with this clock's time.
  private let hasSetSystemTime: Bool
  private let state = SpinLock(State())

  /// Creates a server for a clock that interrupts for nothing.
  public init(_ link: DriverLink, hasSetSystemTime: Bool) {
    self.hasSetSystemTime = hasSetSystemTime
    super.init(link)
  }

  // MARK: For the driver

  /// What is wanted.
  public var wishes: ClockWishes { state.withLock { $0.wishes } }

  /// Notes that `interrupts` have come, `count` times.
  public func note(_ interrupts: ClockInterrupts, count: UInt32 = 1) {
    guard !interrupts.isEmpty, count > 0 else { return }
    state.withLock { state in
      let number = (state.events >> 8 &+ UInt64(count)) & 0xff_ffff
      state.events = number << 8 | state.events & 0xff | Self.anyInterrupt | UInt64(interrupts.rawValue)
      if interrupts.contains(.alarm) { state.wishes.wantsAlarm = false }
    }
    queue.wakeAll([.input, .readNormal])
  }

  // MARK: What programs want

  /// Takes what has happened; nil for nothing.
  func takeEvents() -> UInt64? {
    state.withLock { state in
      guard state.events != 0 else { return nil }
      defer { state.events = 0 }
      return state.events
    }
  }

  var hasEvents: Bool { state.withLock { $0.events != 0 } }

  /// The clock's time.
  ///
  /// - Throws: `EINVAL` when it shows no time, `EIO` when it shows none twice.
  func time() throws(Errno) -> CivilTime {
    guard let time = CivilTime(unixSeconds: try perform(ClockRequest(.readTime))) else { throw .EINVAL }
    return time
  }

  func setTime(_ time: CivilTime) throws(Errno) { _ = try perform(ClockRequest(.setTime(time))) }

  /// Changes what is wanted, and tells the driver.
  func change(_ change: (inout ClockWishes) -> Void) throws(Errno) {
    let (old, new) = state.withLock { state in
      let old = state.wishes
      change(&state.wishes)
      return (old, state.wishes)
    }
    do throws(Errno) { _ = try perform(ClockRequest(.follow)) } catch {
      // Only its own: a program may have changed the rest meanwhile, the alarm may have come, and the file been closed.
      state.withLock { $0.wishes.takeBack(new, to: old) }
      // The driver may have begun with it. It is not waited for, and does not mind where it has not.
      if !isGone { try? link.submit(ClockRequest(.follow)) }
      throw error
    }
  }

  /// Sets the alarm.
  ///
  /// - Throws: `ETIME` for one that is wanted and has passed.
  func setAlarm(_ alarm: CivilTime, isWanted: Bool) throws(Errno) {
    if isWanted, alarm.unixSeconds <= (try time()).unixSeconds { throw .ETIME }
    try change { ($0.alarm, $0.wantsAlarm) = (alarm.unixSeconds, isWanted) }
  }

  var maximumFrequency: Int { state.withLock { $0.maximumFrequency } }

  // MARK: Opening and closing

  public override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile {
    let isFree = state.withLock { state in
      guard !state.isOpen else { return false }
      (state.isOpen, state.events) = (true, 0)
      return true
    }
    guard isFree else { throw .EBUSY }
    do throws(Errno) { return try ClockFile(request, inode, clock: self) } catch {
      didClose()
      throw error
    }
  }

  /// The file was closed: what repeats ends, an alarm stays.
  public override func didClose() {
    let isChanged = state.withLock { state in
      let isChanged = state.wishes.wantsUpdates || state.wishes.wantsPeriods
      (state.wishes.wantsUpdates, state.wishes.wantsPeriods) = (false, false)
      (state.isOpen, state.events) = (false, 0)
      return isChanged
    }
    // The driver is not waited for; one that cannot be told learns it the next time.
    if isChanged && !isGone { try? link.submit(ClockRequest(.follow)) }
  }

  // MARK: /sys/class/rtc

  /// Source: Linux Documentation/ABI/testing/sysfs-class-rtc.
  public override func addAttributes(to directory: SyntheticDirectory, of entry: DeviceFileEntry) throws(Errno) {
    try directory.add("name") { [self] text in
      text.write("rtc_cmos ")
      text.write(link.device.name)
      text.write("\n")
    }
    try directory.add("date") { [self] (text: inout TextBuffer) throws(Errno) in
      let time = try time()
      text.write(decimal: UInt64(max(0, time.year)))
      text.write(Self.twoDigits("-", time.month, "-", time.day))
      text.write("\n")
    }
    try directory.add("time") { [self] (text: inout TextBuffer) throws(Errno) in
      let time = try time()
      text.write(Self.twoDigits("", time.hour, ":", time.minute))
      text.write(Self.twoDigits(":", time.second))
      text.write("\n")
    }
    try directory.add("since_epoch") { [self] (text: inout TextBuffer) throws(Errno) in
      text.write(decimal: try time().unixSeconds)
      text.write("\n")
    }
    try directory.add("hctosys") { [hasSetSystemTime] text in text.write(hasSetSystemTime ? "1\n" : "0\n") }
    try directory.add(
      "max_user_freq", permissions: 0o644,
      { [self] text in
        text.write(decimal: UInt64(maximumFrequency))
        text.write("\n")
      }, accepts: { [self] (text: Span<UInt8>) throws(Errno) in try setMaximumFrequency(text) })
    try directory.add(
      "wakealarm", permissions: 0o644,
      { [self] text in
        let wishes = wishes
        guard wishes.wantsAlarm else { return }
        text.write(decimal: wishes.alarm)
        text.write("\n")
      }, accepts: { [self] (text: Span<UInt8>) throws(Errno) in try setWakeAlarm(text) })
  }

  private static func twoDigits(
    _ first: StaticString, _ one: Int, _ second: StaticString = "", _ two: Int? = nil
  ) -> Message {
    var text: Message = "\(first.description)\(one / 10)\(one % 10)\(second.description)"
    if let two { text.write("\(two / 10)\(two % 10)" as Message) }
    return text
  }

  private func setMaximumFrequency(_ text: Span<UInt8>) throws(Errno) {
    guard let number = NumberText.integer(text.extracting(0..<Self.length(text))), (1..<4_096).contains(number) else {
      throw .EINVAL
    }
    state.withLock { $0.maximumFrequency = Int(number) }
  }

  /// A moment in seconds since 1970; behind a `+` from now on, behind `+=` from the alarm that is set. One that has passed takes
  /// the alarm away.
  private func setWakeAlarm(_ text: Span<UInt8>) throws(Errno) {
    let end = Self.length(text)
    let isPush = text.starts(with: "+=")
    let isRelative = !isPush && text.starts(with: "+")
    let start = isPush ? 2 : isRelative ? 1 : 0
    guard start <= end, let number = NumberText.integer(text.extracting(start..<end)), number < 1 << 40 else {
      throw .EINVAL
    }
    let now = try time().unixSeconds
    let old = wishes
    var alarm = Int(number)
    if isRelative { alarm += now }
    if isPush {
      guard old.wantsAlarm else { throw .EINVAL }
      alarm += old.alarm
    } else if alarm > now, old.wantsAlarm {
      throw .EBUSY
    }
    let isWanted = isPush || alarm > now
    guard let moment = CivilTime(unixSeconds: isWanted ? alarm : now + 300) else { throw .EINVAL }
    try setAlarm(moment, isWanted: isWanted)
  }

  /// How many bytes of `text` come before the newline at its end.
  private static func length(_ text: Span<UInt8>) -> Int {
    text.count > 0 && text[text.count - 1] == 0x0a ? text.count - 1 : text.count
  }
}
