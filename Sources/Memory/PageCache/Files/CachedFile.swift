public import Foundations
public import Machine
import PageFrames

/// What a file's lock protects.
struct CachedFileState: ~Copyable {
  /// One reference to each page's frame.
  var pages = PageIndex<UserFrame>()
  var mappers = GrowableArray<(any FileMapper)?>()
  /// Counts failed writes, so that who waited for others' can tell that some pages are dirty again.
  var failedWriteCount = 0
  var isClosed = false
}

/// A file's pages in memory.
///
/// A page is in one of these states, which its frame's flags tell:
///
/// | in the index | flags | the page |
/// |---|---|---|
/// | no | | is not in memory |
/// | yes | none | is being read or created by somebody; others wait |
/// | yes | `upToDate` | holds what the provider has; it is on a reclaim list, as are all below |
/// | yes | `upToDate`, `dirty` | holds what the provider does not have yet |
/// | yes | `upToDate`, `writeback` | is being written |
/// | yes | `upToDate`, `dirty`, `writeback` | is being written and changed since |
///
/// The index, `upToDate`, `dirty` and `writeback` change under the file's lock. Whoever holds a `UserFrame` of a page keeps
/// the frame, not the page: it may leave the file at any time, by truncation, and `isCurrent` tells. A dirty page leaves the
/// file by truncation only; when it cannot be written it stays dirty, and stays.
public final class CachedFile {
  /// The file's number, which its frames have as their owner. A closed file's number may become another's.
  public let number: UInt32
  /// Where the pages come from.
  public let provider: PageProvider
  let cache: PageCache
  let state = SpinLock(CachedFileState())
  /// Its number among all files that there ever were.
  public let serial: UInt64
  private let identityBase: UInt64

  init(number: UInt32, serial: UInt64, _ provider: PageProvider, in cache: PageCache) {
    self.number = number
    self.serial = serial
    self.provider = provider
    self.cache = cache
    // Far apart for each file, so that the identities of pages below 2^32 of no two files are the same.
    identityBase = serial &* 0x9e37_79b9_7f4a_7c15
  }

  /// Tells a page from all others that there ever were, in all likelihood.
  public func identity(of page: UInt64) -> UInt64 { identityBase &+ page }

  /// How many pages are in memory, those that are being read included.
  public var residentCount: Int { state.withLock { $0.pages.count } }

  /// Whether any page has to be written.
  public var isDirty: Bool { state.withLock { $0.pages.hasAny(.dirty) } }

  // MARK: Looking

  /// What the index has for a page.
  enum Lookup: ~Copyable {
    case absent
    case busy
    case ready(UserFrame)
  }

  @inline(__always)
  func lookUp(_ page: UInt64) -> Lookup {
    state.withLock { state in
      let found: Lookup? = state.pages.withElement(at: page) { frame in
        FrameTable.descriptors[frame.number].flags.contains(.upToDate) ? .ready(frame.share()) : .busy
      }
      return found ?? .absent
    }
  }

  /// A reference to the page, if it is in memory and has been read. Does not count as a use of it: mincore(2), and faults
  /// that map what lies around.
  public func residentPage(_ page: UInt64) -> UserFrame? {
    if case .ready(let frame) = lookUp(page) { return frame }
    return nil
  }

  /// Runs `body` with those of `pages` that are in memory and have been read, and their frames, until it says false.
  ///
  /// None of them leaves the file meanwhile. Does not count as a use of them.
  ///
  /// - Context: `body` has the file's lock, so it must not wait, nor take memory.
  @inline(__always)
  public func withResidentPages(_ pages: Range<UInt64>, _ body: (UInt64, borrowing UserFrame) -> Bool) {
    state.withLock { state in
      var page = pages.lowerBound
      while page < pages.upperBound {
        let goesOn = state.pages.withElement(at: page) { frame in
          !FrameTable.descriptors[frame.number].flags.contains(.upToDate) || body(page, frame)
        }
        guard goesOn ?? true else { return }
        page += 1
      }
    }
  }

  /// Whether the page is in memory, or is being read.
  public func isResident(_ page: UInt64) -> Bool { state.withLock { $0.pages.contains(page) } }

  /// Whether `frame` is (still) the page's frame: what a fault asks after it has mapped it.
  public func isCurrent(_ page: UInt64, _ frame: borrowing UserFrame) -> Bool {
    let number = frame.number
    return state.withLock { state in state.pages.withElement(at: page) { $0.number == number } ?? false }
  }

  /// The first page from `page` on that is in memory: for SEEK_DATA and mincore(2).
  public func nextResident(from page: UInt64) -> UInt64? { state.withLock { $0.pages.next(from: page) } }

  /// Whether somebody is reading or writing the page: what `PageWaiting` asks before it sleeps.
  public func isBusy(_ page: UInt64) -> Bool {
    state.withLock { state in
      let isReady = state.pages.withElement(at: page) {
        let flags = FrameTable.descriptors[$0.number].flags
        return flags.contains(.upToDate) && !flags.contains(.writeback)
      }
      return isReady == false
    }
  }

  // MARK: Mappers

  /// Makes `mapper` one of those that are asked and told about mappings. One that is added twice is removed twice.
  ///
  /// - Throws: `ENOMEM`; `ESTALE` when the file is closed.
  public func add(_ mapper: any FileMapper) throws(Errno) {
    try state.withLock { state throws(Errno) in
      guard !state.isClosed else { throw .ESTALE }
      for index in 0..<state.mappers.count where state.mappers[index] == nil {
        state.mappers[index] = mapper
        return
      }
      try state.mappers.append(mapper)
    }
  }

  /// Ends what `add` began.
  public func remove(_ mapper: any FileMapper) {
    state.withLock { state in
      for index in 0..<state.mappers.count where state.mappers[index] === mapper {
        // The others keep their places: somebody may be half way through.
        state.mappers[index] = nil
        break
      }
      while let last = state.mappers.count > 0 ? state.mappers.count - 1 : nil, state.mappers[last] == nil {
        _ = state.mappers.popLast()
      }
    }
  }

  /// Whether any program may write to it by a mapping.
  public var hasWritableMapping: Bool {
    var result = false
    forEachMapper { result = result || $0.hasWritableMapping(of: self) }
    return result
  }

  /// Calls `body` with each mapper, without the lock. One that is added meanwhile may be left out: see `FileMapper`, rule 2.
  func forEachMapper(_ body: (any FileMapper) -> Void) {
    var index = 0
    while true {
      let (mapper, isBehind) = state.withLock { state -> ((any FileMapper)?, Bool) in
        index < state.mappers.count ? (state.mappers[index], false) : (nil, true)
      }
      if isBehind { return }
      if let mapper { body(mapper) }
      index += 1
    }
  }
}
