import TestSupport
import Testing

@testable import Machine

/// Several CPUs with tagged TLBs, programs that run on them and change their tables, and shoot-downs that arrive late and in any
/// order: what the allocator decides must never let a CPU use a translation whose shoot-down it has answered.
private struct IdentifierModel {
  struct Entry: Hashable {
    var identifier: UInt16
    var page: Int
  }

  struct Message {
    var context: Int
    var generation: UInt64
    /// The changed pages, or nil for all.
    var pages: [Int]?
  }

  struct Processor {
    var allocator: ProcessIdentifierAllocator
    /// What translations were when they were loaded.
    var buffer: [Entry: Int] = [:]
    var loaded: Int?
    var identifier: UInt16 = 0
    /// What is to be loaded: the CPU is told of its changes already.
    var joining: Int?
    var messages: [Message] = []
  }

  struct Context {
    var number: UInt64
    var generation: UInt64 = 1
    /// What each page is translated to, counted up with every change.
    var versions = [Int](repeating: 0, count: pageCount)
  }

  static let pageCount = 6
  let isTagging: Bool
  var random: SeededGenerator
  var processors: [Processor]
  var contexts: [Context]
  var nextNumber: UInt64
  var hits = 0
  var keptLoads = 0
  var staleUses = 0

  init(isTagging: Bool, seed: UInt64) {
    self.isTagging = isTagging
    random = SeededGenerator(seed: seed)
    processors = (0..<3).map { _ in Processor(allocator: ProcessIdentifierAllocator(isTagging: isTagging)) }
    contexts = (1...9).map { Context(number: $0) }
    nextNumber = 10
  }

  mutating func step() {
    switch random.below(12) {
    case 0: change(random.below(contexts.count))
    case 1: join(random.below(processors.count))
    case 2: load(random.below(processors.count))
    case 3: leave(random.below(processors.count))
    case 4, 5: answer(random.below(processors.count))
    case 6 where random.oneIn(20): renew(random.below(contexts.count))
    default: use(random.below(processors.count))
    }
  }

  /// A program changes pages of its table and tells every CPU that has it.
  private mutating func change(_ index: Int) {
    var pages: [Int]? = (0..<1 + random.below(3)).map { _ in random.below(Self.pageCount) }
    if random.oneIn(5) { pages = nil }
    for page in pages ?? Array(0..<Self.pageCount) { contexts[index].versions[page] += 1 }
    contexts[index].generation += 1
    let message = Message(context: index, generation: contexts[index].generation, pages: pages)
    for processor in processors.indices
    where processors[processor].loaded == index || processors[processor].joining == index {
      processors[processor].messages.append(message)
    }
  }

  private mutating func join(_ index: Int) {
    guard processors[index].joining == nil else { return }
    // Programs come back more often than new ones come.
    processors[index].joining = random.oneIn(2) ? random.below(3) : random.below(contexts.count)
  }

  private mutating func load(_ index: Int) {
    guard let next = processors[index].joining else { return }
    let generation = contexts[next].generation
    // Another CPU may change the table between these two; the message then waits for the load, interrupts being off.
    if random.oneIn(4) { change(next) }
    switch processors[index].allocator.load(contexts[next].number, generation: generation) {
    case .nothing: break
    case .keeping(let identifier):
      #expect(isTagging)
      keptLoads += 1
      processors[index].identifier = identifier
    case .dropping(let identifier):
      processors[index].identifier = identifier
      drop(index)
    }
    processors[index].loaded = next
    processors[index].joining = nil
  }

  private mutating func leave(_ index: Int) {
    processors[index].allocator.unload()
    processors[index].loaded = nil
    processors[index].identifier = 0
    drop(index)
  }

  /// A CPU answers one of its messages, not always the oldest.
  private mutating func answer(_ index: Int) {
    guard !processors[index].messages.isEmpty else { return }
    let message = processors[index].messages.remove(at: random.below(processors[index].messages.count))
    let context = contexts[message.context]
    let update = processors[index].allocator.update(
      context.number, generation: message.generation, isByPage: message.pages != nil, latest: context.generation)
    switch update {
    case .nothing: break
    case .pages:
      let identifier = processors[index].identifier
      for page in message.pages ?? [] { processors[index].buffer[Entry(identifier: identifier, page: page)] = nil }
    case .everything: drop(index)
    }
  }

  /// A program ends and another begins; no CPU runs with the old one any more.
  private mutating func renew(_ index: Int) {
    for processor in processors.indices {
      if processors[processor].joining == index { processors[processor].joining = nil }
      if processors[processor].loaded == index { leave(processor) }
      processors[processor].messages.removeAll { $0.context == index }
    }
    contexts[index] = Context(number: nextNumber)
    nextNumber += 1
  }

  /// A program uses a page, through the TLB if it has it.
  private mutating func use(_ index: Int) {
    guard let loaded = processors[index].loaded else { return }
    let page = random.below(Self.pageCount)
    let current = contexts[loaded].versions[page]
    let entry = Entry(identifier: processors[index].identifier, page: page)
    guard let found = processors[index].buffer[entry] else {
      processors[index].buffer[entry] = current
      return
    }
    hits += 1
    guard found != current else { return }
    // Whoever changed the page is still waiting for this CPU.
    let isAwaited = processors[index].messages.contains { message in
      message.context == loaded && message.pages?.contains(page) ?? true
    }
    if isAwaited { staleUses += 1 }
    #expect(isAwaited, "CPU \(index) uses page \(page) as it was \(current - found) changes ago")
  }

  private mutating func drop(_ index: Int) {
    let identifier = processors[index].identifier
    processors[index].buffer = processors[index].buffer.filter { $0.key.identifier != identifier }
  }
}

@Suite("ProcessIdentifierAllocator")
struct ProcessIdentifierTests {
  @Test("No CPU uses a translation after it has answered its shoot-down", arguments: [false, true])
  func neverStale(isTagging: Bool) {
    var model = IdentifierModel(isTagging: isTagging, seed: 7)
    for _ in 0..<150_000 { model.step() }
    #expect(model.hits > 10_000)
    #expect(model.staleUses > 100)
    #expect(isTagging == (model.keptLoads > 100))
  }

  @Test("Going back to a recent program keeps what the TLB has of it; after six others it does not")
  func recentPrograms() {
    var allocator = ProcessIdentifierAllocator(isTagging: true)
    for context in 1...6 as ClosedRange<UInt64> {
      #expect(allocator.load(context, generation: 1) == .dropping(identifier: UInt16(context)))
    }
    #expect(allocator.load(1, generation: 1) == .keeping(identifier: 1))
    #expect(allocator.load(7, generation: 1) == .dropping(identifier: 2))
    #expect(allocator.load(1, generation: 1) == .keeping(identifier: 1))
    #expect(allocator.load(2, generation: 1) == .dropping(identifier: 3))
  }

  @Test("Loading what is loaded costs nothing, unless its table has changed")
  func loadedAlready() {
    for isTagging in [false, true] {
      var allocator = ProcessIdentifierAllocator(isTagging: isTagging)
      let identifier: UInt16 = isTagging ? 1 : 0
      #expect(allocator.load(5, generation: 3) == .dropping(identifier: identifier))
      #expect(allocator.load(5, generation: 3) == .nothing)
      #expect(allocator.load(5, generation: 4) == .dropping(identifier: identifier))
      #expect(allocator.update(5, generation: 5, isByPage: true, latest: 5) == .pages)
      #expect(allocator.update(5, generation: 5, isByPage: true, latest: 5) == .nothing)
      #expect(allocator.update(5, generation: 7, isByPage: true, latest: 8) == .everything)
      #expect(allocator.update(5, generation: 8, isByPage: true, latest: 8) == .nothing)
      #expect(allocator.update(6, generation: 9, isByPage: true, latest: 9) == .nothing)
    }
  }
}
