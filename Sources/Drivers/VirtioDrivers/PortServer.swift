import DeviceFiles
import DriverKit
import Foundations
import Machine
import Synchronization
import SyntheticFiles
import VFS
import Waiting

/// What is wanted of a console's driver: to look at a port again.
final class PortWork: DriverRequest {
  /// Which port.
  let port: Int
  private let asker: PortAsker?

  init(_ port: Int, for asker: PortAsker?) {
    (self.port, self.asker) = (port, asker)
    super.init(isRepeatable: true)
  }

  // However it ended: who was refused may ask again.
  override func didEnd() { asker?.noteServed() }
}

/// Who has a driver look at a port, once for all that there is to be looked at.
final class PortAsker {
  private let link: DriverLink
  private let port: Int
  private let isAsked = Atomic<Bool>(false)

  init(_ link: DriverLink, _ port: Int) { (self.link, self.port) = (link, port) }

  /// Has the driver look, unless it has been told and has not yet.
  ///
  /// - Context: any without the locks of a device.
  func ask() {
    guard !isAsked.exchange(true, ordering: .acquiringAndReleasing) else { return }
    do throws(Errno) { try link.submit(PortWork(port, for: self)) } catch { noteServed() }
  }

  /// The driver is about to look: from now on it is to be asked again.
  func noteServed() { isAsked.store(false, ordering: .releasing) }
}

/// A port of a virtual machine's console as programs have it, `/dev/vport0p1`: one opens it, and both sides know who listens.
///
/// It stays while its driver is replaced, with the bytes that wait each way. Source: Linux
/// Documentation/ABI/testing/sysfs-class-virtio-ports is none; the behaviour is that of Linux's virtio_console, as QEMU's users
/// know it.
final class PortServer: DeviceFileServer {
  private struct State: ~Copyable {
    var incoming: ByteQueue
    var outgoing: ByteQueue
    var name = Message()
    var isOpen = false
    var isHostOpen = false
    var isConsole = false
    /// Whether the driver has bytes that there was no room for.
    var isHeld = false
  }

  /// Which port of its device.
  let number: Int
  private let asker: PortAsker
  private let state: SpinLock<State>
  /// Held while a program reads, so that what it could not take is not lost.
  private let reading = SleepLock()
  /// Held while a program writes: the room that it has seen is still there when its bytes have been fetched.
  private let writing = SleepLock()

  /// Bytes that wait each way.
  private static let capacity = 16_384
  /// Bytes that are moved at once.
  private static let piece = 256

  init(_ number: Int, _ link: DriverLink) throws(Errno) {
    self.number = number
    asker = PortAsker(link, number)
    state = SpinLock(
      State(incoming: try ByteQueue(limit: Self.capacity), outgoing: try ByteQueue(limit: Self.capacity)))
    super.init(link)
  }

  /// Its file. Each device has a major number of its own on Linux; here they share one.
  static func template(device: Int, port: Int) -> DeviceFileTemplate {
    var template = DeviceFileTemplate(
      "vport", .part(of: device, "p", port), .dynamic, driver: "virtio-portsdev", className: "virtio-ports")
    template.firstMinor = UInt32(truncatingIfNeeded: device &* 64 &+ port)
    return template
  }

  override func addAttributes(to directory: SyntheticDirectory, of entry: DeviceFileEntry) throws(Errno) {
    try directory.add("name") { [self] text in
      text.write(name)
      text.write("\n")
    }
  }

  // MARK: For the program that has it open

  /// - Throws: `ENXIO` for a console, which is opened as a terminal; `EBUSY` when somebody has it open.
  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile {
    try state.withLock { state throws(Errno) in
      guard !state.isConsole else { throw .ENXIO }
      guard !state.isOpen else { throw .EBUSY }
      state.isOpen = true
    }
    do throws(Errno) {
      let file = try PortFile(request, inode, port: self)
      ask()
      return file
    } catch {
      // What was made in vain has closed nothing.
      state.withLock { $0.isOpen = false }
      throw error
    }
  }

  /// Nobody has it open any more: what nobody read is lost, what was written is still sent.
  override func didClose() {
    state.withLock { state in
      state.isOpen = false
      state.incoming.removeAll()
    }
    queue.wakeAll()
    ask()
  }

  /// Reads what has come. Source: as the class.
  ///
  /// - Returns: how many bytes; 0 when there are none and nobody at the host has the port open.
  func read(_ buffer: inout IOBuffer, isNonblocking: Bool) throws(Errno) -> Int {
    guard buffer.remaining > 0 else { return 0 }
    while true {
      let moved = try take(&buffer)
      if moved > 0 { return moved }
      if isGone { throw .ENODEV }
      guard isHostOpen else { return 0 }
      if isNonblocking { throw .EAGAIN }
      try queue.wait(for: [.input, .readNormal, .hangUp]) { isReadable || isGone }
    }
  }

  private func take(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    reading.lock()
    defer { reading.unlock() }
    var total = 0
    defer { if total > 0 { resumeHost() } }
    while buffer.remaining > 0 {
      var bytes = InlineArray<256, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      let found = state.withLock { $0.incoming.peek(into: &span) }
      let wanted = min(found, buffer.remaining, Self.piece)
      guard wanted > 0 else { break }
      let moved: Int
      do throws(Errno) { moved = try buffer.write(bytes.span.extracting(0..<wanted)) } catch {
        if total > 0 { break }
        throw error
      }
      state.withLock { $0.incoming.removeFirst(moved) }
      total += moved
      guard moved == wanted else { break }
    }
    return total
  }

  /// Lets the driver go on with what there was no room for.
  private func resumeHost() {
    let isHeld = state.withLock { state in
      defer { state.isHeld = false }
      return state.isHeld
    }
    if isHeld { ask() }
  }

  /// Writes, as much as there is room for; waits while nobody at the host has the port open, or there is no room.
  func write(_ buffer: inout IOBuffer, isNonblocking: Bool) throws(Errno) -> Int {
    guard buffer.remaining > 0 else { return 0 }
    while true {
      if isGone { throw .ENODEV }
      let moved = try put(&buffer)
      if moved > 0 {
        ask()
        return moved
      }
      if isNonblocking { throw .EAGAIN }
      try queue.wait(for: [.output, .writeNormal, .hangUp]) { isWritable || isGone }
    }
  }

  private func put(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    writing.lock()
    defer { writing.unlock() }
    var total = 0
    while buffer.remaining > 0 {
      let wanted = min(buffer.remaining, Self.piece)
      // By whole pieces: who waits for room does not wait for a byte.
      guard state.withLock({ $0.isHostOpen && $0.outgoing.room >= wanted }) else { break }
      var bytes = InlineArray<256, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      let moved: Int
      do throws(Errno) { moved = min(try buffer.read(into: &span), Self.piece) } catch {
        if total > 0 { break }
        throw error
      }
      guard moved > 0 else { break }
      total += state.withLock { $0.outgoing.append(bytes.span.extracting(0..<moved)) }
      guard moved == wanted else { break }
    }
    return total
  }

  private var isHostOpen: Bool { state.withLock { $0.isHostOpen } }
  /// Whether reading does not wait.
  private var isReadable: Bool { state.withLock { !$0.incoming.isEmpty || !$0.isHostOpen } }
  /// Whether writing does not wait.
  private var isWritable: Bool { state.withLock { $0.isHostOpen && $0.outgoing.room >= Self.piece } }

  /// What it is ready for: as on Linux, reading also where it ends because the host has closed the port, which hangs up.
  func poll() -> PollEvents {
    var events: PollEvents = []
    if isReadable { events.insert([.input, .readNormal]) }
    if isWritable { events.insert([.output, .writeNormal]) }
    if !isHostOpen { events.insert(.hangUp) }
    return events
  }

  // MARK: For the driver

  /// Has the driver look at the port.
  func ask() { asker.ask() }

  /// The driver looks: from now on it is to be asked again.
  func noteServed() { asker.noteServed() }

  /// Whether a program has it open.
  var isOpen: Bool { state.withLock { $0.isOpen } }

  /// Its name at the host.
  var name: Message { state.withLock { $0.name } }

  /// Notes its name; what is no character is left out, because programs make a file name of it.
  func setName(_ bytes: Span<UInt8>) {
    var name = Message()
    for index in bytes.indices where (0x21...0x7e).contains(bytes[index]) { name.write(byte: bytes[index]) }
    state.withLock { $0.name = name }
  }

  /// It is a terminal's, and no program opens it.
  func noteConsole() { state.withLock { $0.isConsole = true } }

  /// Somebody at the host has opened or closed it. What waits to be sent to somebody who has gone is lost.
  func noteHost(isOpen: Bool) {
    state.withLock { state in
      state.isHostOpen = isOpen
      if !isOpen { state.outgoing.removeAll() }
    }
    queue.wakeAll()
  }

  /// For how many bytes there is room; when there is not enough for `needed`, the driver is asked once there is more.
  func room(_ needed: Int) -> Int {
    state.withLock { state in
      // What nobody listens to is thrown away as it comes.
      guard state.isOpen else { return .max }
      if state.incoming.room < needed { state.isHeld = true }
      return state.incoming.room
    }
  }

  /// Takes bytes from the host.
  func receive(_ bytes: Span<UInt8>) {
    let isNew = state.withLock { state in
      guard state.isOpen else { return false }
      _ = state.incoming.append(bytes)
      return true
    }
    if isNew { queue.wakeAll([.input, .readNormal]) }
  }

  /// Copies what is to be sent next, and leaves it.
  func output(into bytes: inout MutableSpan<UInt8>) -> Int { state.withLock { $0.outgoing.peek(into: &bytes) } }

  /// `count` bytes of that have been sent.
  func noteSent(_ count: Int) {
    state.withLock { $0.outgoing.removeFirst(count) }
    queue.wakeAll([.output, .writeNormal])
  }
}

/// `/dev/vport0p1` while a program has it open.
private final class PortFile: TrackedDeviceFile {
  private let port: PortServer

  init(_ request: OpenRequest, _ inode: Inode, port: PortServer) throws(Errno) {
    self.port = port
    try super.init(request, inode, server: port)
  }

  override func readDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    try port.read(&buffer, isNonblocking: isNonblocking)
  }

  override func writeDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    try port.write(&buffer, isNonblocking: isNonblocking)
  }

  override var canPoll: Bool { true }

  override func poll() -> PollEvents { server.isGone ? [.hangUp] : port.poll() }
}
