public import DeviceFiles
public import DriverKit
public import Foundations
import Machine
public import SyntheticFiles
import Time
public import VFS

/// What is wanted of a watchdog. Doing it twice does no harm.
public final class WatchdogRequest: DriverRequest {
  /// What is wanted.
  public enum Order: Equatable, Sendable {
    /// To count, from the whole time on.
    case start
    /// Not to count.
    case stop
    /// To begin anew.
    case keepAlive
    /// To reset the machine after so many seconds without `keepAlive`, from now on.
    case setTimeout(UInt32)
  }

  /// What is wanted.
  public let order: Order

  init(_ order: Order) {
    self.order = order
    super.init(isRepeatable: true)
  }
}

/// What /dev/watchdog does, whatever the device is.
///
/// Opening starts the watchdog, and writing keeps it from ending. Closing stops it only when a `V` was written last: a program that
/// crashes leaves it running. Source: Linux Documentation/watchdog/watchdog-api.rst.
public final class WatchdogServer: DeviceFileServer {
  private struct State {
    var isOpen = false
    var isActive = false
    var isReleaseAllowed = false
    var wasKeptAlive = false
    var timeout: UInt32
    var bootStatus: WatchdogFlags = []
    /// When the device began to count last, by the monotonic clock.
    var startedAt: UInt64 = 0
  }

  /// What the watchdog is like.
  public let traits: WatchdogTraits
  private let state: SpinLock<State>

  /// Creates a server for a watchdog that does not count.
  public init(_ link: DriverLink, _ traits: WatchdogTraits) {
    self.traits = traits
    state = SpinLock(State(timeout: traits.usualTimeout))
    super.init(link)
  }

  // MARK: For the driver

  /// Whether the device is to count.
  public var isActive: Bool { state.withLock { $0.isActive } }

  /// How long it may be left alone, in seconds.
  public var timeout: UInt32 { state.withLock { $0.timeout } }

  /// Notes why the machine was started.
  public func noteBoot(_ status: WatchdogFlags) { state.withLock { $0.bootStatus.formUnion(status) } }

  /// Notes that the device counts, as when the firmware has started it.
  public func noteStart() {
    let now = Clock.nanoseconds
    state.withLock { ($0.isActive, $0.startedAt) = (true, now) }
  }

  // MARK: What programs want

  func start() throws(Errno) {
    do throws(Errno) { _ = try perform(WatchdogRequest(.start)) } catch {
      // Who waits no longer does not keep it from being started: what counts, or may, is to be kept alive, and stopped.
      if error == .EINTR || error == .ETIMEDOUT { noteStart() }
      throw error
    }
    noteStart()
  }

  func stop() throws(Errno) {
    _ = try perform(WatchdogRequest(.stop))
    state.withLock { $0.isActive = false }
  }

  /// Begins anew, if it counts.
  func keepAlive() throws(Errno) {
    guard isActive else { return }
    _ = try perform(WatchdogRequest(.keepAlive))
    let now = Clock.nanoseconds
    state.withLock { ($0.wasKeptAlive, $0.startedAt) = (true, now) }
  }

  func setTimeout(_ seconds: UInt32) throws(Errno) {
    guard traits.options.contains(.setTimeout) else { throw .EOPNOTSUPP }
    guard traits.timeouts.contains(seconds) else { throw .EINVAL }
    _ = try perform(WatchdogRequest(.setTimeout(seconds)))
    let now = Clock.nanoseconds
    state.withLock { ($0.timeout, $0.startedAt) = (seconds, now) }
  }

  /// The seconds until it ends; all of them while it does not count.
  var timeLeft: UInt32 {
    let now = Clock.nanoseconds
    return state.withLock { state in
      guard state.isActive, now > state.startedAt else { return state.timeout }
      let passed = (now - state.startedAt) / 1_000_000_000
      return passed >= UInt64(state.timeout) ? 0 : state.timeout - UInt32(truncatingIfNeeded: passed)
    }
  }

  /// What has happened; that it was kept alive is told once.
  func takeStatus() -> WatchdogFlags {
    state.withLock { state in
      var status = state.bootStatus
      if state.isReleaseAllowed { status.insert(.magicClose) }
      if state.wasKeptAlive { status.insert(.keepAlive) }
      state.wasKeptAlive = false
      return status
    }
  }

  var bootStatus: WatchdogFlags { state.withLock { $0.bootStatus } }

  func setReleaseAllowed(_ isAllowed: Bool) { state.withLock { $0.isReleaseAllowed = isAllowed } }

  // MARK: Opening and closing

  public override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile {
    let isFree = state.withLock { state in
      guard !state.isOpen else { return false }
      state.isOpen = true
      return true
    }
    guard isFree else { throw .EBUSY }
    let wasActive = isActive
    do throws(Errno) {
      try start()
      return try WatchdogFile(request, inode, watchdog: self)
    } catch {
      // What nobody has opened must not reset the machine.
      if !wasActive { setReleaseAllowed(true) }
      didClose()
      throw error
    }
  }

  /// The file was closed. Stops the watchdog if a `V` was written last, and otherwise lets it count on.
  public override func didClose() {
    let mayStop = state.withLock { state in
      let mayStop = state.isActive && state.isReleaseAllowed
      (state.isOpen, state.isReleaseAllowed) = (false, false)
      // The driver is not waited for: it does what it is told in order, so a program that opens again starts it again.
      if mayStop { state.isActive = false }
      return mayStop
    }
    guard !isGone, mayStop || isActive else { return }
    // A watchdog that cannot be told to stop goes on, which is the safe side.
    try? link.submit(WatchdogRequest(mayStop ? .stop : .keepAlive))
  }

  // MARK: /sys/class/watchdog

  /// Source: Linux Documentation/ABI/testing/sysfs-class-watchdog.
  public override func addAttributes(to directory: SyntheticDirectory, of entry: DeviceFileEntry) throws(Errno) {
    // The old name has nothing but its number.
    guard entry.index != nil else { return }
    try directory.add("identity") { [traits] text in
      text.write(traits.identity.description)
      text.write("\n")
    }
    try directory.add("state") { [self] text in text.write(isActive ? "active\n" : "inactive\n") }
    try add("timeout", to: directory) { UInt64($0.timeout) }
    try add("timeleft", to: directory) { UInt64($0.timeLeft) }
    try add("min_timeout", to: directory) { UInt64($0.traits.timeouts.lowerBound) }
    try add("max_timeout", to: directory) { UInt64($0.traits.timeouts.upperBound) }
    try add("bootstatus", to: directory) { UInt64($0.bootStatus.rawValue) }
    try add("fw_version", to: directory) { UInt64($0.traits.firmwareVersion) }
    try add("nowayout", to: directory) { _ in 0 }
    try addHexadecimal("options", to: directory) { $0.traits.options }
    try addHexadecimal("status", to: directory) { $0.takeStatus() }
  }

  private func add(
    _ name: StaticString, to directory: SyntheticDirectory, _ value: @escaping (WatchdogServer) -> UInt64
  ) throws(Errno) {
    try directory.add(name) { [self] text in
      text.write(decimal: value(self))
      text.write("\n")
    }
  }

  private func addHexadecimal(
    _ name: StaticString, to directory: SyntheticDirectory, _ value: @escaping (WatchdogServer) -> WatchdogFlags
  ) throws(Errno) {
    try directory.add(name) { [self] text in
      text.write("0x")
      text.write(hex: UInt64(value(self).rawValue), width: 1)
      text.write("\n")
    }
  }
}
