public import Foundations
public import Machine
import PageCache
import PageFrames

/// Memory that is shared but belongs to no file: `MAP_SHARED | MAP_ANONYMOUS`.
public final class SharedMemory: MappedObject {
  private let pages = SpinLock(PageIndex<UserFrame>())
  /// Who maps it, once for each `attach`.
  private let spaces = SpinLock(GrowableArray<AddressSpace?>())
  private let count: UInt64
  /// How many pages the machine has promised for it. Set before anybody else knows it.
  private var promisedCount = 0

  /// Creates `pageCount` pages of zeros, which take memory when they are first used and are not promised.
  public init(pageCount: UInt64) {
    count = pageCount
    super.init()
  }

  /// Makes the machine promise to have all of it, if it has not.
  ///
  /// - Throws: `ENOMEM`.
  func promise() throws(Errno) {
    guard promisedCount == 0 else { return }
    try CommitAccount.promise(Int(count))
    promisedCount = Int(count)
  }

  deinit {
    CommitAccount.release(promisedCount)
  }

  /// As on Linux, where such memory is a mapping of that device.
  public override func areaName(at index: UInt64) -> StaticString? { "/dev/zero (deleted)" }

  /// How many pages there are.
  public override var pageCount: UInt64 { count }

  /// A reference to page `index`, which is made if it does not exist.
  ///
  /// - Throws: `ENOMEM`; `ENXIO` behind the last page.
  public override func page(_ index: UInt64) throws(Errno) -> UserFrame {
    guard index < count else { throw .ENXIO }
    if let frame = residentPage(index) { return frame }
    var new: UserFrame? = try UserFrame.allocate(isZeroed: true)
    return try pages.withLock { pages throws(Errno) in
      // Another CPU may have been faster; then what is there counts.
      if let frame = pages.withElement(at: index, { $0.share() }) { return frame }
      guard let frame = new.take() else { throw .ENOMEM }
      let share = frame.share()
      try pages.insert(frame, at: index)
      return share
    }
  }

  /// A reference to page `index` if it exists.
  public override func residentPage(_ index: UInt64) -> UserFrame? {
    pages.withLock { pages in pages.withElement(at: index) { $0.share() } }
  }

  /// Whether `frame` is still the page: a hole may have been made meanwhile.
  public override func noteMapped(_ index: UInt64, _ frame: borrowing UserFrame, isWritable: Bool) -> Bool {
    let number = frame.number
    return pages.withLock { pages in pages.withElement(at: index) { $0.number == number } ?? false }
  }

  /// Notes who is to be told of holes.
  ///
  /// - Throws: `ENOMEM`.
  public override func attach(_ space: AddressSpace) throws(Errno) {
    try spaces.withLock { spaces throws(Errno) in
      for index in 0..<spaces.count where spaces[index] == nil {
        spaces[index] = space
        return
      }
      try spaces.append(space)
    }
  }

  /// Ends what `attach` began.
  public override func detach(_ space: AddressSpace) {
    spaces.withLock { spaces in
      for index in 0..<spaces.count where spaces[index] === space {
        // The others keep their places: a hole may be half way through.
        spaces[index] = nil
        break
      }
      while spaces.count > 0, spaces[spaces.count - 1] == nil { _ = spaces.popLast() }
    }
  }

  /// Frees `range`.
  public override func punchHole(_ range: Range<UInt64>) throws(Errno) {
    var next: UInt64? = range.lowerBound
    while let page = next, page < range.upperBound {
      // A page at a time, and the frame is freed behind the lock.
      let frame: UserFrame? = pages.withLock { pages in
        next = pages.next(from: page)
        guard let found = next, found < range.upperBound else { return nil }
        return pages.remove(at: found)
      }
      _ = consume frame
    }
    // After they have left the memory: a fault that had one in its hands before sees that by `noteMapped`.
    var index = 0
    while true {
      let (space, isBehind) = spaces.withLock { spaces -> (AddressSpace?, Bool) in
        index < spaces.count ? (spaces[index], false) : (nil, true)
      }
      if isBehind { return }
      space?.unmap(range, of: self)
      index += 1
    }
  }
}
