import Foundations
import PageCache
import TestSupport
import Testing

/// `PageIndex` against a sorted dictionary, with pages that lie together as in files, or far apart as in sparse ones.
@Suite("PageIndex against a model")
struct PageIndexModelTests {
  private struct Model {
    var elements: [UInt64: Int] = [:]
    var tags: [PageTag: Set<UInt64>] = [.dirty: [], .writeback: []]

    func next(from page: UInt64) -> UInt64? { elements.keys.filter { $0 >= page }.min() }
    func next(from page: UInt64, tagged tag: PageTag) -> UInt64? { tags[tag]?.filter { $0 >= page }.min() }
  }

  /// Pages as files have them: mostly near each other, some at the ends of everything.
  private static func page(_ generator: inout SeededGenerator, spread: UInt64) -> UInt64 {
    switch generator.next() % 8 {
    case 0..<5: generator.next() % spread
    case 5: (1 << 20) + generator.next() % 130
    case 6: 1 << (generator.next() % 64)
    default: UInt64.max - generator.next() % 70
    }
  }

  @Test("Random operations give what the model gives", arguments: [1, 2, 3, 4], [40, 300, 9000] as [UInt64])
  func operations(seed: UInt64, spread: UInt64) throws {
    var generator = SeededGenerator(seed: seed &* 31 &+ spread)
    var index = PageIndex<Int>()
    var model = Model()
    for step in 0..<6000 {
      let page = Self.page(&generator, spread: spread)
      let tag = generator.next() % 2 == 0 ? PageTag.dirty : .writeback
      // The index fills up, empties, and fills again.
      let isFilling = step / 1000 % 2 == 0
      switch generator.next() % 16 {
      case 0..<5 where isFilling, 0..<1:
        if model.elements[page] == nil {
          try index.insert(step, at: page)
          model.elements[page] = step
        } else {
          #expect(throws: Errno.EEXIST) { try index.insert(step, at: page) }
        }
      case 0..<6:
        let target = generator.next() % 2 == 0 ? page : model.next(from: page) ?? page
        #expect(index.remove(at: target) == model.elements.removeValue(forKey: target))
        model.tags[.dirty]?.remove(target)
        model.tags[.writeback]?.remove(target)
      case 6..<9:
        let target = model.next(from: page) ?? page
        let isNew = model.elements[target] != nil && model.tags[tag]?.contains(target) == false
        #expect(index.set(tag, at: target) == isNew)
        if isNew { model.tags[tag]?.insert(target) }
      case 9..<11:
        let target = model.next(from: page, tagged: tag) ?? page
        #expect(index.clear(tag, at: target) == (model.tags[tag]?.remove(target) != nil))
      case 11..<13:
        #expect(index.next(from: page) == model.next(from: page))
      case 13..<15:
        #expect(index.next(from: page, tagged: tag) == model.next(from: page, tagged: tag))
      default:
        #expect(index.withElement(at: page) { $0 } == model.elements[page])
        #expect(index.contains(page) == (model.elements[page] != nil))
        #expect(index.has(tag, at: page) == model.tags[tag]?.contains(page))
      }
      #expect(index.count == model.elements.count)
    }
    try check(index, model)
    for page in model.elements.keys.shuffled(using: &generator) { #expect(index.remove(at: page) != nil) }
    #expect(index.isEmpty && index.byteCount == 0)
  }

  /// Compares everything, by walking.
  private func check(_ index: borrowing PageIndex<Int>, _ model: Model) throws {
    var walked: [UInt64] = []
    var position: UInt64? = index.next(from: 0)
    while let page = position {
      walked.append(page)
      #expect(index.withElement(at: page) { $0 } == model.elements[page])
      position = page == .max ? nil : index.next(from: page + 1)
    }
    #expect(walked == model.elements.keys.sorted())
    for tag in [PageTag.dirty, .writeback] {
      var tagged: [UInt64] = []
      position = index.next(from: 0, tagged: tag)
      while let page = position {
        tagged.append(page)
        position = page == .max ? nil : index.next(from: page + 1, tagged: tag)
      }
      #expect(try tagged == #require(model.tags[tag]).sorted())
      #expect(index.hasAny(tag) == !tagged.isEmpty)
    }
  }

  @Test("50,000 sequential pages in and out, as a large file has them")
  func sequential() throws {
    var index = PageIndex<UInt32>()
    let count: UInt64 = 50_000
    for page in 0..<count { try index.insert(UInt32(page & 0xffff), at: page) }
    var failures = 0
    for page in 0..<count where index.withElement(at: page, { $0 }) != UInt32(page & 0xffff) { failures += 1 }
    for page in (0..<count).reversed() where index.remove(at: page) == nil { failures += 1 }
    #expect(failures == 0 && index.byteCount == 0)
  }
}
