public import Foundations
public import Machine
import PageFrames
import Synchronization

extension CachedFile {
  /// A reference to a page, read from the provider if it is not in memory.
  ///
  /// - Parameters:
  ///   - page: below the provider's `pageCount`.
  ///   - reader: the state of whoever reads, from which it is seen what will be wanted next.
  /// - Throws: `ENXIO` behind the end of the file; `ENOMEM`; `ESTALE` when the file is closed; `EINTR`; or what the provider
  ///   threw for this page.
  /// - Context: may wait for a device; no lock is held.
  public func page(_ page: UInt64, _ reader: inout ReadAhead) throws(Errno) -> UserFrame {
    let last = reader.lastPage
    let isNewUse = reader.advance(to: page)
    if case .ready(let frame) = lookUp(page) {
      if isNewUse { FrameTable.descriptors[frame.number].markReferenced() }
      if !reader.isMarker(page) { return frame }
      readInAdvance(reader.nextWindow())
      return frame
    }
    return try missingPage(page, after: last, &reader)
  }

  /// A reference to a page, read from the provider alone if it is not in memory.
  ///
  /// - Throws: as `page(_:_:)`.
  public func page(_ page: UInt64) throws(Errno) -> UserFrame {
    if case .ready(let frame) = lookUp(page) {
      FrameTable.descriptors[frame.number].markReferenced()
      return frame
    }
    return try missingPage(page, window: 0..<0)
  }

  @inline(never)
  private func missingPage(_ page: UInt64, after last: UInt64, _ reader: inout ReadAhead) throws(Errno) -> UserFrame {
    var window: Range<UInt64> = 0..<0
    if !cache.isMemoryLow.load(ordering: .relaxed) && provider.isBacked {
      window = reader.windowOfMissing(page, after: last)
    }
    return try missingPage(page, window: window)
  }

  /// Reads a page, and what is in `window` behind it.
  private func missingPage(_ page: UInt64, window: Range<UInt64>) throws(Errno) -> UserFrame {
    while true {
      switch lookUp(page) {
      case .ready(let frame): return frame
      case .busy: try cache.waiting.wait(for: page, of: self, .killable)
      case .absent:
        let pageCount = provider.pageCount
        guard page < pageCount else { throw .ENXIO }
        guard let frame = try read(page..<max(page + 1, min(window.upperBound, pageCount))) else { continue }
        FrameTable.descriptors[frame.number].markReferenced()
        return frame
      }
    }
  }

  /// Reads what is not in memory of `window`, as far as that is easy.
  @inline(never)
  private func readInAdvance(_ window: Range<UInt64>) {
    guard !cache.isMemoryLow.load(ordering: .relaxed) else { return }
    let end = min(window.upperBound, provider.pageCount)
    var page = window.lowerBound
    while page < end {
      let present = state.withLock { $0.pages.contains(page) ? 1 : 0 }
      if present == 0 {
        // Who asks for the page itself is told what is wrong.
        guard (try? read(page..<end)) != nil else { return }
      }
      page += 1
    }
  }

  /// Reads pages of `range`, not empty, up to the first that is in memory already.
  ///
  /// - Returns: a reference to the first; nil when somebody else put it there first.
  /// - Throws: why the first could not be read, or be given a frame.
  private func read(_ range: Range<UInt64>) throws(Errno) -> UserFrame? {
    var batch = FrameBatch()
    let first = range.lowerBound
    guard let wanted = try FrameAllocator.retrying({ () throws(Errno) in try begin(first) }) else { return nil }
    batch.append(wanted)
    while first + UInt64(batch.count) < range.upperBound && !batch.isFull {
      // What is read in advance is worth neither an error nor somebody else's memory.
      guard let frame = try? begin(first + UInt64(batch.count)) else { break }
      batch.append(frame)
    }
    var readCount = 0
    var failure: Errno?
    do throws(Errno) {
      readCount = try provider.read(from: first, into: batch.span)
      if readCount <= 0 { failure = .EIO }
    } catch {
      failure = error
    }
    finish(batch, from: first, readCount: max(0, readCount), .clean)
    if let failure { throw failure }
    return batch.span[0].share()
  }

  /// Puts a new frame at `page`, for the caller to fill.
  ///
  /// - Returns: another reference to it; nil when there is a page already.
  /// - Throws: `ENOMEM`, `ESTALE`.
  func begin(_ page: UInt64) throws(Errno) -> UserFrame? {
    let frame = try UserFrame.allocate(.file, isZeroed: false)
    FrameTable.descriptors[frame.number].owner = number
    FrameTable.descriptors[frame.number].index = page
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        guard !state.isClosed else { throw .ESTALE }
        try state.pages.insert(frame.share(), at: page)
      }
      return frame
    } catch {
      if error == .EEXIST { return nil }
      throw error
    }
  }

  /// What a page's content is to the provider.
  enum Novelty {
    case clean
    case dirty
  }

  /// Ends what `begin` began for the pages of `batch`: the first `readCount` are good, the others go.
  func finish(_ batch: borrowing FrameBatch, from first: UInt64, readCount: Int, _ novelty: Novelty) {
    let frames = FrameTable.descriptors
    let isBacked = provider.isBacked
    state.withLock { state in
      cache.lists.withLock { lists in
        for index in 0..<batch.count {
          let page = first + UInt64(index)
          let number = batch.span[index].number
          // Truncation may have been quicker.
          guard state.pages.withElement(at: page, { $0.number == number }) ?? false else { continue }
          if index >= readCount {
            _ = state.pages.remove(at: page)
            continue
          }
          frames[number].insert(.upToDate)
          if isBacked {
            lists.add(number, identity: identity(of: page), in: frames)
          } else {
            lists.addSwapBacked(number, in: frames)
          }
          if novelty == .dirty { setDirty(page, number, &state) }
        }
      }
    }
    for index in 0..<batch.count { cache.waiting.wake(for: first + UInt64(index), of: self) }
  }
}
