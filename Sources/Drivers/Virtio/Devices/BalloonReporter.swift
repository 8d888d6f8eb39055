import Foundations
import Machine

/// Tells the host of pages that are free anyway, so that it can use the memory behind them until they are touched again.
///
/// A page is taken from the source while the host is told of it, and given back when the host has seen that.
/// Source: VIRTIO 1.2, section 5.5.6.5.
final class BalloonReporter {
  /// How many pages are told of at once.
  static let batch = 32

  let queue: VirtioQueue
  private var pages = GrowableArray<UserFrame>()

  /// Makes the queue on a device that has agreed on it.
  init(_ device: VirtioDevice) throws(VirtioError) {
    typealias Features = VirtioLayout.Balloon.Features
    // The queues are numbered in the order of their features, as far as the device offers those.
    var number = VirtioLayout.Balloon.Queues.statistics
    if device.offered.contains(Features.statisticsQueue) { number += 1 }
    if device.offered.contains(Features.freePageHints) { number += 1 }
    queue = try device.makeQueue(number, .init(size: Self.batch, mostSegments: Self.batch))
    do throws(Errno) {
      try pages.reserveCapacity(Self.batch)
    } catch {
      throw .noMemory
    }
  }

  /// Tells of up to `count` pages, unless the host has not seen the last ones yet.
  ///
  /// - Returns: how many.
  func report(_ count: Int, from source: BalloonPageSource) throws(VirtioError) -> Int {
    guard pages.isEmpty else { return 0 }
    do throws(Errno) {
      while pages.count < min(count, Self.batch, queue.mostSegments) { try pages.append(try source.takePage()) }
    } catch {
      // As many as there are.
    }
    guard !pages.isEmpty else { return 0 }
    for index in 0..<pages.count { if let segment = pages[index].segment() { queue.add(segment, .fromDevice) } }
    try queue.submit(token: UInt64(pages.count))
    queue.notify()
    return pages.count
  }

  /// Gives pages back that the host has been told of.
  ///
  /// - Returns: whether it should be called again soon.
  func handle(_ source: BalloonPageSource) throws(VirtioError) -> Bool {
    if try queue.takeCompletion() != nil { giveBackAll(to: source) }
    return queue.enableInterrupts()
  }

  /// Gives all pages back: the host has seen them, or is done with the device.
  func giveBackAll(to source: BalloonPageSource) {
    while let page = pages.popLast() { source.giveBack(page) }
  }
}
