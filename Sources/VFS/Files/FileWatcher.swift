import Machine
import Synchronization
public import Waiting

/// Who waits for events of a file for as long as any descriptor of it is open. epoll(7).
open class FileWatcher: Waiter {
  // Guarded by the lock of the file's watchers.
  fileprivate final var next: FileWatcher?
  fileprivate final var previous: FileWatcher?
  fileprivate final var isListed = false

  /// The last descriptor of the file was closed: lets go of the file.
  ///
  /// - Context: a thread without locks, which may wait. It is no watcher of the file any more.
  open func fileWasClosed() {}
}

/// Those that watch one file.
struct FileWatchers: ~Copyable {
  private var first: FileWatcher?

  @inline(__always)
  init() {}

  mutating func add(_ watcher: FileWatcher) {
    watcher.isListed = true
    watcher.next = first
    first?.previous = watcher
    first = watcher
  }

  /// Takes `watcher` out, if it is here.
  mutating func remove(_ watcher: FileWatcher) {
    guard watcher.isListed else { return }
    watcher.isListed = false
    let (next, previous) = (watcher.next.take(), watcher.previous.take())
    next?.previous = previous
    if let previous { previous.next = next } else { first = next }
  }

  /// Takes one out; nil when there is none.
  mutating func takeFirst() -> FileWatcher? {
    guard let watcher = first else { return nil }
    remove(watcher)
    return watcher
  }
}

extension OpenFile {
  // MARK: Descriptors

  /// Counts one more descriptor of the file, or whatever else may become one again, such as a message with it on its way.
  @inline(__always)
  public final func beginDescriptor() { descriptorCount.wrappingAdd(1, ordering: .sequentiallyConsistent) }

  /// Ends what `beginDescriptor` began. With the last descriptor, those that watch the file let go of it.
  ///
  /// - Context: a thread without locks; may wait.
  @inline(__always)
  public final func endDescriptor() {
    if descriptorCount.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 { dismissWatchers() }
  }

  /// Whether any descriptor of it is open.
  public final var hasDescriptors: Bool { descriptorCount.load(ordering: .sequentiallyConsistent) > 0 }

  /// How many descriptors of it are open, and how many messages with it are on their way.
  public final var openCount: Int { descriptorCount.load(ordering: .sequentiallyConsistent) }

  @inline(never)
  private final func dismissWatchers() {
    while let watcher = watchers.withLock({ $0.takeFirst() }) { watcher.fileWasClosed() }
  }

  /// Makes `watcher` be told when the last descriptor is closed. Whoever adds one looks afterwards whether there are any.
  public final func addWatcher(_ watcher: FileWatcher) { watchers.withLock { $0.add(watcher) } }

  /// Ends what `addWatcher` began, if nothing has yet.
  public final func removeWatcher(_ watcher: FileWatcher) { watchers.withLock { $0.remove(watcher) } }
}
