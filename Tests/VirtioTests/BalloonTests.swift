import DeviceModels
import Foundations
import Machine
import Testing

@testable import Virtio

/// Pages to a limit, and what has become of them.
private final class Pages: BalloonPageSource {
  var limit = 100_000
  private(set) var out: Set<UInt32> = []
  var figures: [VirtioLayout.Balloon.StatisticTag: UInt64] = [:]

  override func takePage() throws(Errno) -> UserFrame {
    guard out.count < limit else { throw .ENOMEM }
    let frame = try UserFrame.allocate(.anonymous, isZeroed: false)
    out.insert(frame.number.rawValue)
    return frame
  }
  override func giveBack(_ page: consuming UserFrame) { out.remove(page.number.rawValue) }
  override func statistic(_ tag: VirtioLayout.Balloon.StatisticTag) -> UInt64? { figures[tag] }
}

/// A host that keeps account of the pages it has.
private final class Host {
  let model: VirtioDeviceModel
  var pages: Set<UInt32> = []
  var mistakes: [String] = []
  var statistics: VirtioRequestModel?
  var isSilent = false
  static let statisticsFeature: UInt64 = 2
  static let deflateFeature: UInt64 = 4
  static let hintFeature: UInt64 = 8
  static let reportFeature: UInt64 = 32
  /// Pages that were reported, by queue.
  var reported: [Int: [UInt64]] = [:]

  init(_ offered: UInt64) {
    model = VirtioDeviceModel(
      kind: 5, offered: offered, queueSizes: [128, 128, 128, 128, 128], configuration: [UInt8](repeating: 0, count: 8))
    model.onReset = { [unowned self] in pages = [] }
    model.onRequest = { [unowned self] queue, request in
      guard !isSilent else { return nil }
      if !request.writable.isEmpty {
        if request.writable.contains(where: { $0.byteCount != 4096 }) { mistakes.append("part of a page") }
        reported[queue, default: []] += request.writable.map(\.address)
        return 0
      }
      if queue == 2 {
        statistics = request
        return nil
      }
      let bytes = request.bytes
      for index in stride(from: 0, to: bytes.count, by: 4) {
        let page = UInt32(number(bytes[index..<index + 4]))
        let isRight = queue == 0 ? pages.insert(page).inserted : pages.remove(page) != nil
        if !isRight { mistakes.append("page \(page) in queue \(queue)") }
      }
      return 0
    }
  }

  func want(_ count: Int) {
    model.configuration.replaceSubrange(0..<4, with: littleEndian(count, 4))
    model.configurationChanged()
  }

  var actual: Int { number(model.configuration[4..<8]) }
}

@Suite("VirtioBalloon")
struct BalloonTests {
  private func driver(_ host: Host, _ source: Pages) throws -> VirtioBalloon {
    try VirtioBalloon(transport(host.model), source: source, pacer: VirtioPacer(attempts: 10))
  }

  private func settle(_ driver: VirtioBalloon) throws {
    for _ in 0..<10_000 {
      let first = try driver.handleQueue(0)
      let second = try driver.handleQueue(1)
      if !first, !second { return }
    }
    Issue.record("it never rests")
  }

  @Test("The host gets the pages that it wants, and gives them back", arguments: driverForms)
  func upAndDown(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      do {
        let (host, source) = (Host(offered), Pages())
        let driver = try driver(host, source)
        host.want(700)
        _ = try driver.start(messageCount: 3)
        try settle(driver)
        #expect(driver.pageCount == 700 && host.actual == 700 && host.pages.count == 700)
        #expect(host.pages == source.out)
        for wanted in [1000, 10, 11, 0, 2000, 1999, 256, 257] {
          host.want(wanted)
          try driver.handleConfigurationChange()
          try settle(driver)
          #expect(host.pages.count == wanted && host.actual == wanted && host.pages == source.out)
        }
        #expect(host.mistakes == [] && host.model.queues.allSatisfy { $0.violations == [] })
        try driver.stop(isGone: false)
        #expect(source.out.isEmpty)
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("Pages that the host is being told of are nobody's until it has answered")
  func pending() throws {
    try SimulatedMemory.exclusive {
      let (host, source) = (Host(Bit.version1), Pages())
      let driver = try driver(host, source)
      _ = try driver.start(messageCount: 0)
      host.isSilent = true
      host.want(100)
      try driver.handleConfigurationChange()
      try settle(driver)
      #expect(driver.pageCount == 0 && source.out.count == 100 && host.actual == 0)
      host.want(0)
      try driver.handleConfigurationChange()
      try settle(driver)
      #expect(source.out.count == 100)
      try driver.stop(isGone: true)
      #expect(source.out.isEmpty)
    }
  }

  @Test("What the source has not is missing, and asked for again later")
  func short() throws {
    try SimulatedMemory.exclusive {
      let (host, source) = (Host(Bit.version1), Pages())
      source.limit = 300
      let driver = try driver(host, source)
      host.want(1000)
      _ = try driver.start(messageCount: 0)
      try settle(driver)
      #expect(driver.pageCount == 300 && driver.isShort && host.actual == 300)
      source.limit = 2000
      try settle(driver)
      #expect(driver.pageCount == 300)
      try driver.retry()
      try settle(driver)
      #expect(driver.pageCount == 1000 && !driver.isShort)
    }
  }

  @Test("When memory is short pages come back, if the host allows it")
  func relief() throws {
    try SimulatedMemory.exclusive {
      let (host, source) = (Host(Bit.version1 | Host.deflateFeature), Pages())
      let driver = try driver(host, source)
      host.want(500)
      _ = try driver.start(messageCount: 0)
      try settle(driver)
      #expect(try driver.relieve(200) == 200)
      try settle(driver)
      #expect(driver.pageCount == 300 && host.actual == 300 && source.out.count == 300)
      try driver.retry()
      try settle(driver)
      #expect(driver.pageCount == 500)

      let strict = Host(Bit.version1)
      let other = try self.driver(strict, source)
      strict.want(5)
      _ = try other.start(messageCount: 0)
      try settle(other)
      #expect(try other.relieve(3) == 0 && other.pageCount == 5)
    }
  }

  @Test("The host gets figures when it asks, newer ones each time")
  func statistics() throws {
    try SimulatedMemory.exclusive {
      let (host, source) = (Host(Bit.version1 | Host.statisticsFeature), Pages())
      source.figures = [.totalMemory: 1 << 30, .freeMemory: 12345]
      let driver = try driver(host, source)
      _ = try driver.start(messageCount: 0)
      func figures() throws -> [Int: Int] {
        let bytes = try #require(host.statistics).bytes
        #expect(bytes.count % 10 == 0)
        var figures: [Int: Int] = [:]
        for index in stride(from: 0, to: bytes.count, by: 10) {
          figures[number(bytes[index..<index + 2])] = number(bytes[index + 2..<index + 10])
        }
        return figures
      }
      #expect(try figures() == [4: 12345, 5: 1 << 30])
      source.figures[.freeMemory] = 7
      host.model.complete(2, try #require(host.statistics), byteCount: 0)
      #expect(try !driver.handleQueue(2))
      #expect(try figures() == [4: 7, 5: 1 << 30])
      source.figures = [:]
      host.model.complete(2, try #require(host.statistics), byteCount: 0)
      _ = try driver.handleQueue(2)
      #expect(try figures() == [4: 0])
    }
  }

  @Test("Free pages are reported and are back once the host has seen them", arguments: driverForms)
  func reporting(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      for (features, number) in [
        (Host.reportFeature, 2), (Host.reportFeature | Host.statisticsFeature, 3),
        (Host.reportFeature | Host.statisticsFeature | Host.hintFeature, 4),
      ] {
        let (host, source) = (Host(offered | features), Pages())
        source.limit = 40
        let driver = try driver(host, source)
        _ = try driver.start(messageCount: 0)
        #expect(try driver.reportFreePages(5) == 5 && source.out.count == 5)
        #expect(try driver.reportFreePages(5) == 0, "the answer was not looked at")
        #expect(try !driver.handleQueue(number))
        #expect(host.reported[number]?.count == 5 && source.out.isEmpty)
        #expect(try driver.reportFreePages(1000) == 32)
        host.isSilent = true
        _ = try driver.handleQueue(number)
        source.limit = 0
        #expect(try driver.reportFreePages(3) == 0)
        source.limit = 7
        #expect(try driver.reportFreePages(30) == 7 && source.out.count == 7)
        try driver.stop(isGone: false)
        #expect(source.out.isEmpty && host.mistakes == [])
      }
      let host = Host(offered)
      let without = try driver(host, Pages())
      _ = try without.start(messageCount: 0)
      #expect(try without.reportFreePages(5) == 0 && host.reported.isEmpty)
    }
  }

  @Test("A device that answers twice, or wants what cannot be, does no harm")
  func broken() throws {
    try SimulatedMemory.exclusive {
      let (host, source) = (Host(Bit.version1), Pages())
      source.limit = 1000
      let driver = try driver(host, source)
      host.want(0xffff_fffe)
      _ = try driver.start(messageCount: 0)
      try settle(driver)
      #expect(driver.pageCount == 1000 && driver.isShort)
      host.model.queues[0].forge(identifier: 0, byteCount: 0)
      #expect(throws: VirtioError.corruptQueue) { try driver.handleQueue(0) }
      try driver.stop(isGone: false)
      #expect(source.out.isEmpty)
    }
  }
}
