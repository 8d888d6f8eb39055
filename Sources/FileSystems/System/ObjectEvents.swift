import Foundations
import KernelEvents
import Machine
import Synchronization
import SyntheticFiles
import VFS

/// What programs are told of a device, a bus or a driver: the text of its file `uevent`, and its events.
///
/// What is in no bus and in no class has none. Source: Linux Documentation/ABI/testing/sysfs-uevent.
final class ObjectEvents {
  /// From /sys on, without a slash before it.
  private let path: PathText
  /// What it is called.
  private let name: PathText
  private let subsystem: StaticString?
  private let description: SystemDeviceDescription
  private let currentDriver = SpinLock<StaticString?>(nil)
  private let isGone = Atomic<Bool>(false)
  /// Whether programs have been told that it is there: then they are told when it goes.
  private let isAnnounced = Atomic<Bool>(false)
  /// The same of its driver.
  private let isDriverAnnounced = Atomic<Bool>(false)

  /// Those of what `description` describes.
  init(_ path: PathText, name: PathText, _ description: SystemDeviceDescription, subsystem: StaticString?) {
    (self.path, self.name, self.description, self.subsystem) = (path, name, description, subsystem)
  }

  /// The driver that serves it.
  var driver: StaticString? {
    get { currentDriver.withLock { $0 } }
    set { currentDriver.withLock { $0 = newValue } }
  }

  /// Whether it has gone.
  var hasGone: Bool { isGone.load(ordering: .relaxed) }

  /// It has gone; who still has its file open sends no events.
  func retire() { isGone.store(true, ordering: .relaxed) }

  /// Writes what is known of it, a line each, in the order of Linux's `dev_uevent`.
  func writeFacts(to text: inout TextBuffer) throws(Errno) {
    if let number = description.number {
      text.write("MAJOR=")
      text.write(decimal: UInt64(number.major))
      text.write("\nMINOR=")
      text.write(decimal: UInt64(number.minor))
      text.write("\nDEVNAME=")
      if let folder = description.folder {
        text.write(folder.description)
        text.write("/")
      }
      if let fileName = description.fileName { text.write(fileName.description) } else { text.write(name) }
      text.write("\n")
      if let permissions = description.permissions {
        text.write("DEVMODE=0")
        for shift: UInt16 in [6, 3, 0] { text.write(byte: 0x30 + UInt8(truncatingIfNeeded: permissions >> shift & 7)) }
        text.write("\n")
      }
    }
    if let type = description.type {
      text.write("DEVTYPE=")
      text.write(type.description)
      text.write("\n")
    }
    if let driver {
      text.write("DRIVER=")
      text.write(driver.description)
      text.write("\n")
    }
    try description.facts?(&text)
  }

  /// Tells programs what has happened to it. Without memory they are not told, and see it by the events' numbers. Of the end of what
  /// they have not been told they are not told either.
  func send(_ action: KernelEventAction) {
    switch action {
    case .add: isAnnounced.store(true, ordering: .relaxed)
    case .bind: isDriverAnnounced.store(true, ordering: .relaxed)
    case .remove: guard isAnnounced.exchange(false, ordering: .relaxed) else { return }
    case .unbind: guard isDriverAnnounced.exchange(false, ordering: .relaxed) else { return }
    case .change, .move, .online, .offline: break
    }
    do throws(Errno) {
      try send(action) { _ throws(Errno) in }
    } catch {}
  }

  /// Tells programs that it has changed, and with `fact` how: a name, `=` and a value. Without memory they are not told.
  func sendChange(_ fact: Message) {
    do throws(Errno) { try send(.change) { event throws(Errno) in try event.add(lines: fact.bytes) } } catch {}
  }

  private func send(
    _ action: KernelEventAction, adding words: (inout KernelEvent) throws(Errno) -> Void
  ) throws(Errno) {
    guard let subsystem else { return }
    var facts = TextBuffer()
    try writeFacts(to: &facts)
    guard !facts.lacksMemory else { throw .ENOMEM }
    try path.withBytes { path throws(Errno) in
      var event = try KernelEvent(action, path: path, subsystem: subsystem)
      try words(&event)
      try event.add(lines: facts.bytes)
      try KernelEvents.broadcast(event)
    }
  }

  /// Sends the event that a program asks for.
  ///
  /// - Throws: `EINVAL` for what asks for none, `ENODEV` when it has gone, `ENOMEM`, also when the event would be too
  ///   long.
  func accept(_ text: Span<UInt8>) throws(Errno) {
    guard !isGone.load(ordering: .relaxed) else { throw .ENODEV }
    let request = try SyntheticRequest(text)
    try send(request.action) { event throws(Errno) in try request.addArguments(in: text, to: &event) }
  }
}
