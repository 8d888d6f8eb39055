import Foundations
import PageCache
import PageFrames
import TestSupport
import Testing

@Suite("ReclaimLists")
struct ReclaimListsTests {
  private func next(_ lists: inout ReclaimLists, budget: Int = 1000, in frames: Span<FrameDescriptor>) -> UInt32? {
    var budget = budget
    return lists.nextCandidate(budget: &budget, in: frames)?.rawValue
  }

  @Test("Pages that are used no more are offered in the order in which they came, and again when they stay")
  func firstInFirstOut() throws {
    let descriptors = try makeDescriptors(count: 10)
    let frames = descriptors.span
    var lists = ReclaimLists()
    for number in 1...5 as ClosedRange<UInt32> { lists.add(FrameNumber(number), identity: UInt64(number), in: frames) }
    #expect((0..<10).map { _ in next(&lists, in: frames) } == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    #expect(lists.count(.inactive) == 5 && lists.count(.active) == 0)
  }

  @Test("A page becomes active by three uses, not by two, and stays for as many rounds as it was used")
  func uses() throws {
    let descriptors = try makeDescriptors(count: 10)
    let frames = descriptors.span
    var lists = ReclaimLists()
    for number in 1...3 as ClosedRange<UInt32> { lists.add(FrameNumber(number), identity: UInt64(number), in: frames) }
    for _ in 0..<2 { frames[FrameNumber(1)].markReferenced() }
    for _ in 0..<5 { frames[FrameNumber(2)].markReferenced() }
    #expect(next(&lists, in: frames) == 1)
    lists.evict(FrameNumber(1), identity: 1, in: frames)
    #expect(next(&lists, in: frames) == 3 && lists.count(.active) == 1)
    lists.evict(FrameNumber(3), identity: 3, in: frames)
    for uses in 1...4 {
      for _ in 0..<uses { frames[FrameNumber(2)].markReferenced() }
      for _ in 0..<min(uses, 3) { #expect(next(&lists, budget: 1, in: frames) == nil) }
      #expect(next(&lists, budget: 1, in: frames) == 2)
    }
    lists.evict(FrameNumber(2), identity: 2, in: frames)
    #expect(lists.evictableCount == 0 && next(&lists, in: frames) == nil)
    for number in 1...3 { #expect(frames[number].flags.isEmpty) }
  }

  @Test("A page that comes back soon becomes active at once; one that comes back late does not")
  func refaults() throws {
    let descriptors = try makeDescriptors(count: 1200)
    let frames = descriptors.span
    var lists = try ReclaimLists(frameCount: 4000)
    for number in 1...1000 as ClosedRange<UInt32> {
      lists.add(FrameNumber(number), identity: UInt64(number), in: frames)
    }
    func evictNext() {
      guard let number = next(&lists, in: frames) else { return }
      lists.evict(FrameNumber(number), identity: UInt64(number), in: frames)
    }
    evictNext()
    lists.add(FrameNumber(1), identity: 1, in: frames)
    #expect(lists.count(.active) == 1 && lists.refaultCount == 1 && lists.activationCount == 1)
    evictNext()
    for _ in 0..<998 { evictNext() }
    #expect(lists.evictableCount == 1)
    lists.add(FrameNumber(2), identity: 2, in: frames)
    #expect(lists.count(.inactive) == 1 && lists.activationCount == 1 && lists.refaultCount == 2)
  }

  @Test("A mapped page that was used stays, and becomes active by its third use")
  func mappedUses() throws {
    let descriptors = try makeDescriptors(count: 10)
    let frames = descriptors.span
    var lists = ReclaimLists()
    lists.add(FrameNumber(1), identity: 1, in: frames)
    for _ in 0..<2 {
      #expect(next(&lists, in: frames) == 1)
      lists.keep(FrameNumber(1), in: frames)
      #expect(lists.count(.inactive) == 1 && next(&lists, in: frames) == 1)
    }
    lists.keep(FrameNumber(1), in: frames)
    #expect(lists.count(.active) == 1)
  }

  @Test("Pages locked in memory and pages that only swap could take are never offered")
  func unevictable() throws {
    let descriptors = try makeDescriptors(count: 10)
    let frames = descriptors.span
    var lists = ReclaimLists()
    lists.add(FrameNumber(1), identity: 1, in: frames)
    lists.addSwapBacked(FrameNumber(2), in: frames)
    lists.setUnevictable(FrameNumber(1), in: frames)
    lists.setUnevictable(FrameNumber(2), in: frames)
    lists.setUnevictable(FrameNumber(3), in: frames)
    #expect(next(&lists, in: frames) == nil)
    #expect(lists.count(.unevictable) == 1 && lists.count(.swapBacked) == 1 && lists.evictableCount == 0)
    lists.setEvictable(FrameNumber(1), in: frames)
    lists.setEvictable(FrameNumber(2), in: frames)
    #expect(next(&lists, in: frames) == 1 && lists.count(.swapBacked) == 1)
    for number in 1...3 as ClosedRange<UInt32> { lists.remove(FrameNumber(number), in: frames) }
    for number in 1...3 { #expect(frames[number].flags.isEmpty) }
    #expect(lists.count(.swapBacked) == 0 && lists.evictableCount == 0)
  }

  @Test("A small budget looks at no more pages than it allows")
  func budget() throws {
    let descriptors = try makeDescriptors(count: 101)
    let frames = descriptors.span
    var lists = ReclaimLists()
    for number in 1...100 as ClosedRange<UInt32> {
      lists.add(FrameNumber(number), identity: UInt64(number), in: frames)
      for _ in 0..<3 { frames[FrameNumber(number)].markReferenced() }
    }
    var budget = 30
    #expect(lists.nextCandidate(budget: &budget, in: frames) == nil && budget == 0)
    #expect(lists.count(.active) == 30 && lists.count(.inactive) == 70)
  }

  @Test("Random operations keep every page on the list that its history says", arguments: 1...4)
  func model(seed: Int) throws {
    let descriptors = try makeDescriptors(count: 65)
    let frames = descriptors.span
    var lists = try ReclaimLists(frameCount: 64)
    var generator = SeededGenerator(seed: UInt64(seed))
    var model: [UInt32: ReclaimLists.Membership] = [:]
    for _ in 0..<20_000 {
      let number = UInt32(generator.next() % 64) + 1
      let frame = FrameNumber(number)
      switch generator.next() % 10 {
      case 0..<2 where model[number] == nil:
        lists.add(frame, identity: UInt64(generator.next() % 300), in: frames)
        model[number] = frames[frame].flags.contains(.active) ? .active : .inactive
      case 2 where model[number] == nil && number < 6:
        lists.addSwapBacked(frame, in: frames)
        model[number] = .swapBacked
      case 3:
        lists.remove(frame, in: frames)
        model[number] = nil
      case 4:
        frames[frame].markReferenced()
      case 5 where number < 12:
        lists.setUnevictable(frame, in: frames)
        if let now = model[number], now != .swapBacked { model[number] = .unevictable }
      case 6 where number < 30:
        lists.setEvictable(frame, in: frames)
        if model[number] == .unevictable { model[number] = .active }
      default:
        guard let candidate = next(&lists, budget: 300, in: frames) else {
          #expect(!model.values.contains { $0 == .inactive || $0 == .active })
          continue
        }
        for (number, membership) in model where membership == .inactive {
          if frames[FrameNumber(number)].flags.contains(.active) { model[number] = .active }
        }
        #expect(model[candidate] == .inactive || model[candidate] == .active)
        if generator.next() % 2 == 0 {
          lists.evict(FrameNumber(candidate), identity: UInt64(candidate), in: frames)
          model[candidate] = nil
        } else {
          lists.keep(FrameNumber(candidate), in: frames)
          if frames[FrameNumber(candidate)].flags.contains(.active) { model[candidate] = .active }
        }
      }
      for membership in [ReclaimLists.Membership.inactive, .active, .swapBacked, .unevictable] {
        #expect(lists.count(membership) == model.values.count { $0 == membership })
      }
    }
  }
}
