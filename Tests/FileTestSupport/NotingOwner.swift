public import Foundations
import Time
public import VFS

/// An owner of a file that notes what it is told of it.
public final class NotingOwner: FileOwner {
  private var noted: [FileEvent] = []
  /// The signal and the descriptor that it was told of last.
  public private(set) var last: (signal: Int32, descriptor: Int32) = (0, -1)

  /// Becomes the owner of `file`, which has a descriptor from now on, and begins to be told of it.
  public init(of file: OpenFile, descriptor: Int32 = 3) throws(Errno) {
    super.init()
    Timers.startOnHost()
    file.beginDescriptor()
    file.notification.withLock { $0.owner = self }
    try file.setFlags(file.flags.union(.O_ASYNC), by: Descriptor(rawValue: descriptor))
  }

  public override func tell(_ event: FileEvent, signal: Int32, descriptor: Descriptor) {
    noted.append(event)
    last = (signal, descriptor.rawValue)
  }

  /// What it was told since it was asked last.
  public func take() -> [FileEvent] {
    Timers.serveHere()
    defer { noted = [] }
    return noted
  }
}
