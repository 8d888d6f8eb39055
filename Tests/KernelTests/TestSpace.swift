import Foundations
import Machine

/// A program's memory for a test: a page table, and a handler that notes what it is asked and gives pages if it is told to.
final class TestSpace: PageFaultHandler {
  /// Where the tests map pages.
  static let base: UInt64 = 0x4000_0000

  private var table: UserPageTable
  /// What faults are resolved with, if they are.
  var givenAccess: PageAccess?
  private(set) var requests = 0
  private(set) var lastAddress: UInt64 = 0
  private(set) var lastAccess: PageFaultAccess?
  /// Whether user memory was open while a fault was resolved.
  private(set) var wasOpen = false

  override init() { fatalError("a test space needs a table") }

  private init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  static func make() throws(TestFailure) -> TestSpace {
    do throws(Errno) {
      return TestSpace(try UserPageTable())
    } catch {
      throw TestFailure(reason: "no page table: \(error.rawValue)")
    }
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    requests += 1
    lastAddress = address
    lastAccess = access
    if ProtectionFeatures.isUserMemoryOpen { wasOpen = true }
    guard let givenAccess else { return false }
    do throws(Errno) {
      var flush = TLBFlush()
      try table.replace(
        at: address & ~4095, with: UserFrame.allocate(isZeroed: true), givenAccess, flush: &flush)
      flush.finish()
      return true
    } catch {
      return false
    }
  }

  func activate() { CurrentAddressSpace.activate(table, handler: self) }

  func entry(_ page: Int) -> PageMapping? { table.entry(at: Self.address(page)) }

  static func address(_ page: Int) -> UInt64 { base + UInt64(page) * 4096 }

  // MARK: Changes, by numbers of pages from the base

  func map(_ page: Int, _ access: PageAccess = [.read, .write]) throws(TestFailure) {
    try attempt { table throws(Errno) in
      try table.map(UserFrame.allocate(isZeroed: true), at: Self.address(page), access)
    }
  }

  func mapHuge(_ page: Int, _ access: PageAccess = [.read, .write]) throws(TestFailure) {
    try attempt { table throws(Errno) in
      guard let frames = HugeFrame() else { throw .ENOMEM }
      try table.mapHuge(frames, at: Self.address(page), access)
    }
  }

  func unmap(_ pages: Range<Int>) throws(TestFailure) {
    try attempt { table throws(Errno) in
      var flush = TLBFlush()
      try table.unmap(Self.range(pages), flush: &flush)
      flush.finish()
    }
  }

  func protect(_ pages: Range<Int>, _ access: PageAccess) throws(TestFailure) {
    try attempt { table throws(Errno) in
      var flush = TLBFlush()
      try table.protect(Self.range(pages), access, flush: &flush)
      flush.finish()
    }
  }

  func move(_ pages: Range<Int>, to page: Int) throws(TestFailure) {
    try attempt { table throws(Errno) in
      var flush = TLBFlush()
      try table.move(Self.range(pages), to: Self.address(page), flush: &flush)
      flush.finish()
    }
  }

  /// A child as fork(2) makes it.
  func fork(_ pages: Range<Int>) throws(TestFailure) -> TestSpace {
    let child = try TestSpace.make()
    try attempt { table throws(Errno) in
      var flush = TLBFlush()
      try table.share(Self.range(pages), with: &child.table, .copyOnWrite, flush: &flush)
      flush.finish()
    }
    return child
  }

  private static func range(_ pages: Range<Int>) -> Range<UInt64> {
    address(pages.lowerBound)..<address(pages.upperBound)
  }

  private func attempt(_ body: (inout UserPageTable) throws(Errno) -> Void) throws(TestFailure) {
    do throws(Errno) {
      try body(&table)
    } catch {
      throw TestFailure(reason: "the page table says \(error.rawValue)")
    }
  }
}
