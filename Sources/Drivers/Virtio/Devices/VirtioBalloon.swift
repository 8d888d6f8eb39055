import Foundations
import Machine
import PageFrames

/// Memory that the host asks back for a while. Source: VIRTIO 1.2, section 5.5.
///
/// The host says how many pages it wants; the driver takes so many from the page source and tells the host, which then
/// may use the memory behind them for others, or gives them back when the host wants fewer. A page belongs to the
/// balloon from before the host is told until the host has been told that it is taken back, so nobody else can use it
/// meanwhile.
///
/// One request goes each way at a time, of up to `batch` pages. Context: one thread at a time.
public final class VirtioBalloon {
  /// How many pages are told of at once.
  public static let batch = 256

  /// The device.
  public let device: VirtioDevice
  /// How many pages the host wants.
  public private(set) var target = 0
  /// How many pages the host has, and is known to know of.
  public var pageCount: Int { pages.count }
  /// Whether pages are missing that the source did not have; `retry` asks for them again.
  public private(set) var isShort = false

  private typealias Layout = VirtioLayout.Balloon

  let source: BalloonPageSource
  private var inflateQueue: VirtioQueue?
  private var deflateQueue: VirtioQueue?
  private(set) var statisticsQueue: VirtioQueue?
  private var reporter: BalloonReporter?
  private let inflateBuffer: DMABuffer
  private let deflateBuffer: DMABuffer
  let statisticsBuffer: DMABuffer
  /// The pages that the host has.
  private var pages = GrowableArray<UserFrame>()
  /// Pages of which the host is being told that it may have them.
  private var inflating = GrowableArray<UserFrame>()
  /// Pages of which the host is being told that it has them no longer.
  private var deflating = GrowableArray<UserFrame>()
  /// How many pages fewer than the host wants it gets, because memory was short.
  private var withheld = 0

  /// A driver for the device behind `transport`, which is not touched yet.
  ///
  /// - Throws: `.noMemory`.
  public init(_ transport: VirtioTransport, source: BalloonPageSource, pacer: VirtioPacer) throws(VirtioError) {
    device = VirtioDevice(transport, pacer: pacer)
    self.source = source
    do throws(Errno) {
      inflateBuffer = try DMABuffer(byteCount: Self.batch * 4)
      deflateBuffer = try DMABuffer(byteCount: Self.batch * 4)
      statisticsBuffer = try DMABuffer(byteCount: Self.statisticsByteCount)
      try inflating.reserveCapacity(Self.batch)
      try deflating.reserveCapacity(Self.batch)
    } catch {
      throw .noMemory
    }
  }

  /// Sets the device up, and begins to do what it wants.
  ///
  /// - Parameter messageCount: how many messages there are to interrupt by.
  /// - Returns: how it interrupts.
  /// - Throws: what `VirtioDevice` does.
  public func start(messageCount: Int) throws(VirtioError) -> VirtioInterrupts {
    try device.begin([
      Layout.Features.mustTellHost, Layout.Features.statisticsQueue, Layout.Features.deflateWhenShort,
      Layout.Features.pageReporting,
    ])
    let inflate = try device.makeQueue(Layout.Queues.inflate, .init(size: 4))
    let deflate = try device.makeQueue(Layout.Queues.deflate, .init(size: 4))
    var statistics: VirtioQueue?
    if device.features.contains(Layout.Features.statisticsQueue) {
      statistics = try device.makeQueue(Layout.Queues.statistics, .init(size: 4))
    }
    var reporter: BalloonReporter?
    if device.features.contains(Layout.Features.pageReporting) { reporter = try BalloonReporter(device) }
    let interrupts = try device.start(messageCount: messageCount)
    (inflateQueue, deflateQueue, statisticsQueue) = (inflate, deflate, statistics)
    self.reporter = reporter
    _ = reporter?.queue.enableInterrupts()
    _ = inflate.enableInterrupts()
    _ = deflate.enableInterrupts()
    if let statistics {
      try sendStatistics(statistics)
      _ = statistics.enableInterrupts()
    }
    try handleConfigurationChange()
    return interrupts
  }

  /// Looks how many pages the host wants, and begins to give or take them.
  ///
  /// - Throws: `.needsReset`, `.gone`, `.corruptQueue`.
  public func handleConfigurationChange() throws(VirtioError) {
    try device.check()
    let wanted = device.read(Layout.Configuration.target)
    guard wanted != .max else { return }
    target = Int(wanted)
    withheld = 0
    isShort = false
    try advance()
  }

  /// Takes what the device has seen, and goes on.
  ///
  /// - Returns: whether it should be called again soon, before any interrupt.
  /// - Throws: `.corruptQueue`: the device is to be stopped.
  public func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    guard let inflateQueue, let deflateQueue else { return false }
    if number == inflateQueue.number {
      if try inflateQueue.takeCompletion() != nil { try finishInflating() }
      try advance()
      return inflateQueue.enableInterrupts()
    }
    if number == deflateQueue.number {
      if try deflateQueue.takeCompletion() != nil { finishDeflating() }
      try advance()
      return deflateQueue.enableInterrupts()
    }
    if let reporter, number == reporter.queue.number { return try reporter.handle(source) }
    guard let statisticsQueue, number == statisticsQueue.number else { return false }
    if try statisticsQueue.takeCompletion() != nil { try sendStatistics(statisticsQueue) }
    return statisticsQueue.enableInterrupts()
  }

  /// Asks again for pages that were missing. To be called now and then while `isShort`.
  ///
  /// - Throws: `.corruptQueue`, `.stopped`.
  public func retry() throws(VirtioError) {
    isShort = false
    withheld = 0
    try advance()
  }

  /// Takes up to `count` pages back because memory is short, if the host allows that.
  ///
  /// - Returns: how many pages will come back, once the device has seen that.
  /// - Throws: `.corruptQueue`, `.stopped`.
  public func relieve(_ count: Int) throws(VirtioError) -> Int {
    guard device.features.contains(Layout.Features.deflateWhenShort), count > 0 else { return 0 }
    let held = pages.count
    let count = min(count, held)
    withheld = max(0, target - (held - count))
    isShort = true
    try advance()
    return count
  }

  /// Tells the host of up to `count` pages that are free anyway, if it wants to know. To be called while nothing else is
  /// to be done; the pages are missing only until the host has answered.
  ///
  /// - Returns: how many it was told of; 0 also while it has not seen the last ones.
  /// - Throws: `.corruptQueue`.
  public func reportFreePages(_ count: Int) throws(VirtioError) -> Int {
    try reporter?.report(count, from: source) ?? 0
  }

  // MARK: Giving and taking

  /// How many pages the host is to have.
  private var goal: Int { max(0, target - withheld) }

  private func advance() throws(VirtioError) {
    guard let inflateQueue, let deflateQueue else { throw .stopped }
    let count = pages.count + inflating.count
    if count < goal, inflating.isEmpty, deflating.isEmpty, !isShort {
      try inflate(goal - count, inflateQueue)
    } else if pages.count > goal, deflating.isEmpty {
      try deflate(pages.count - goal, deflateQueue)
    }
  }

  private func inflate(_ count: Int, _ queue: VirtioQueue) throws(VirtioError) {
    do throws(Errno) {
      // Room to keep them is made before the host may have them.
      try pages.reserveCapacity(roomy(pages.count + min(count, Self.batch)))
      while inflating.count < min(count, Self.batch) { try inflating.append(try source.takePage()) }
    } catch {
      isShort = true
    }
    guard !inflating.isEmpty else { return }
    for index in 0..<inflating.count { inflateBuffer.write32(inflating[index].number.rawValue, at: index * 4) }
    try send(inflateBuffer, inflating.count, queue)
  }

  /// A capacity that grows in large steps.
  private func roomy(_ count: Int) -> Int { count <= pages.capacity ? count : max(count, pages.capacity * 2) }

  private func deflate(_ count: Int, _ queue: VirtioQueue) throws(VirtioError) {
    while deflating.count < min(count, Self.batch), let page = pages.popLast() {
      do throws(Errno) {
        try deflating.append(page)
      } catch {
        // There is room; see `init`.
      }
    }
    for index in 0..<deflating.count { deflateBuffer.write32(deflating[index].number.rawValue, at: index * 4) }
    try send(deflateBuffer, deflating.count, queue)
  }

  private func send(_ buffer: borrowing DMABuffer, _ count: Int, _ queue: VirtioQueue) throws(VirtioError) {
    guard count > 0, let segment = buffer.segment(at: 0, count: count * 4) else { return }
    try queue.submit(segment, .toDevice, token: UInt64(count))
    queue.notify()
  }

  private func finishInflating() throws(VirtioError) {
    while let page = inflating.popLast() {
      do throws(Errno) {
        try pages.append(page)
      } catch {
        throw .noMemory
      }
    }
    tellActual()
  }

  private func finishDeflating() {
    while let page = deflating.popLast() { source.giveBack(page) }
    tellActual()
  }

  private func tellActual() {
    device.write(UInt32(truncatingIfNeeded: pages.count), to: Layout.Configuration.actual)
  }

  /// Ends the use of the device. All pages are given back: after a reset the host has none.
  ///
  /// - Throws: as `VirtioDevice.stop`; on `.resetTimeout` the driver is to be kept, with its pages.
  public func stop(isGone: Bool) throws(VirtioError) {
    try device.stop(isGone: isGone)
    (inflateQueue, deflateQueue, statisticsQueue) = (nil, nil, nil)
    while let page = inflating.popLast() { source.giveBack(page) }
    while let page = deflating.popLast() { source.giveBack(page) }
    while let page = pages.popLast() { source.giveBack(page) }
    reporter?.giveBackAll(to: source)
    reporter = nil
    (target, withheld, isShort) = (0, 0, false)
  }
}
