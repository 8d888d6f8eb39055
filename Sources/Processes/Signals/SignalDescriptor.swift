public import Foundations
public import Machine
public import Security
public import Signals
public import VFS
public import Waiting

public import struct LinuxABI.OpenFlags

/// A file that gives the signals of whoever reads it. Source: signalfd(2).
public final class SignalDescriptor: OpenFile {
  /// Which signals.
  private let wanted: SpinLock<SignalSet>

  fileprivate init(_ request: OpenRequest, _ inode: Inode, _ wanted: SignalSet) throws(Errno) {
    self.wanted = SpinLock(wanted.catchable)
    try super.init(request, inode)
  }

  /// Which signals it gives.
  public var signals: SignalSet {
    get { wanted.withLock { $0 } }
    set {
      wanted.withLock { $0 = newValue.catchable }
      Task.current?.process.signalEvents.wakeAll([.input, .readNormal])
    }
  }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    guard buffer.remaining >= SignalDescriptorRecord.byteCount, let task = Task.current else { throw .EINVAL }
    var first = task.takeSignal(signals)
    if first == nil {
      if isNonblocking { throw .EAGAIN }
      try task.process.signalEvents.wait(for: [.input, .readNormal]) {
        first = task.takeSignal(signals)
        return first != nil
      }
    }
    var count = 0
    var next = first
    while let information = next {
      count += try write(SignalDescriptorRecord(information), &buffer)
      guard buffer.remaining >= SignalDescriptorRecord.byteCount else { break }
      next = task.takeSignal(signals)
    }
    return count
  }

  private func write(_ record: SignalDescriptorRecord, _ buffer: inout IOBuffer) throws(Errno) -> Int {
    var bytes = InlineArray<128, UInt8>(repeating: 0)
    let words = record.words
    for index in 0..<SignalDescriptorRecord.byteCount {
      bytes[index] = UInt8(truncatingIfNeeded: words[index / 8] >> UInt64(index % 8 * 8))
    }
    return try buffer.write(bytes.span)
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents {
    guard let task = Task.current, !task.pendingSignals.isDisjoint(with: signals) else { return [] }
    return [.input, .readNormal]
  }

  public override var queueOwner: AnyObject? { Task.current?.process }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {
    forEachWaitQueue(of: queueOwner, body)
  }

  public override func forEachWaitQueue(of owner: AnyObject?, _ body: (borrowing WaitQueue) -> Void) {
    if let process = owner as? Process { body(process.signalEvents) }
  }
}

/// Where signal descriptors come from.
public final class SignalDescriptorMaker {
  private let fileSystem: AnonymousFileSystem

  /// Creates a maker. There is one.
  ///
  /// - Throws: `ENOMEM`.
  public init(names: DentryCache, clock: FileClock) throws(Errno) {
    // ANON_INODE_FS_MAGIC of linux/magic.h.
    fileSystem = try AnonymousFileSystem(typeName: "anon_inodefs", magic: 0x0904_1934, names: names, clock: clock)
  }

  /// Makes a descriptor for `wanted`, which is not open yet.
  ///
  /// - Parameter flags: O_NONBLOCK.
  /// - Throws: `ENOMEM`.
  public func makeDescriptor(
    _ credentials: Credentials, _ wanted: SignalSet, _ flags: OpenFlags
  ) throws(Errno) -> SignalDescriptor {
    try ObjectMemory.check()
    let inode = Inode(fileSystem, number: fileSystem.takeNumber(), NewFile(.regular, permissions: 0o600))
    let name: Message = "anon_inode:[signalfd]"
    let path = try AnonymousFileSystem.makePath(to: inode, name: name.bytes)
    let kept = flags.intersection(.O_NONBLOCK).union(.O_RDWR)
    return try SignalDescriptor(OpenRequest(path, kept, credentials), inode, wanted)
  }
}

/// The kernel's signal descriptors.
public enum SignalDescriptors {
  private static let maker = BootCell<SignalDescriptorMaker>()

  /// Makes it possible to make them.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, while booting.
  public static func start(names: DentryCache, clock: FileClock) throws(Errno) {
    maker.fill(try SignalDescriptorMaker(names: names, clock: clock))
  }

  /// Makes a descriptor; see `SignalDescriptorMaker`.
  ///
  /// - Throws: `ENOMEM`; `ENODEV` before `start`.
  public static func make(
    _ credentials: Credentials, _ wanted: SignalSet, _ flags: OpenFlags
  ) throws(Errno) -> SignalDescriptor {
    guard let maker = maker.withValue({ $0 }) else { throw .ENODEV }
    return try maker.makeDescriptor(credentials, wanted, flags)
  }
}
