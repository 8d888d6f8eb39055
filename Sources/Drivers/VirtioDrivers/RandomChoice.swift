import Foundations
import Machine
import VFS

/// Which of several sources of random numbers is current: the best, unless a program has chosen another.
///
/// A quality is for the choice alone: the kernel's own generator trusts no source, and takes what each of them gives.
/// Source: Linux 6.1, drivers/char/hw_random/core.c, enable_best_rng and hwrng_register.
struct RandomChoice: ~Copyable {
  /// The quality of a source all of whose bits are random.
  static var bestQuality: UInt16 { 1_024 }

  private struct Entry {
    let source: RandomSource
    var quality: UInt16
  }

  private var entries = GrowableArray<Entry>()
  private var place: Int?
  /// Whether a program has chosen the current one.
  private(set) var isChosen = false

  /// How many there are.
  var count: Int { entries.count }
  /// The current one; nil when there is none.
  var current: RandomSource? { place.map { entries[$0].source } }
  /// What the current one is taken for.
  var quality: UInt16? { place.map { entries[$0].quality } }

  /// The source number `index`, the oldest first; nil when there are not so many.
  func source(at index: Int) -> RandomSource? { index >= 0 && index < entries.count ? entries[index].source : nil }

  private func index(of source: RandomSource) -> Int? {
    for index in 0..<entries.count where entries[index].source === source { return index }
    return nil
  }

  /// Whether `source` is one of them.
  func contains(_ source: RandomSource) -> Bool { index(of: source) != nil }

  /// Adds a source, which becomes current if it is better than the current one and no program has chosen that.
  ///
  /// - Throws: `ENOMEM`.
  mutating func add(_ source: RandomSource, quality: UInt16) throws(Errno) {
    try entries.append(Entry(source: source, quality: quality))
    guard let place else { return chooseBest() }
    if !isChosen, quality > entries[place].quality { self.place = entries.count - 1 }
  }

  /// Removes a source; when it was the current one, the best of the others is.
  mutating func remove(_ source: RandomSource) {
    guard let index = index(of: source) else { return }
    _ = entries.remove(at: index)
    guard let place else { return }
    if place == index { chooseBest() } else if place > index { self.place = place - 1 }
  }

  /// Makes the best one current, of equals the oldest.
  mutating func chooseBest() {
    isChosen = false
    place = nil
    for index in 0..<entries.count {
      if let best = place, entries[index].quality <= entries[best].quality { continue }
      place = index
    }
  }

  /// Makes `source` current because a program wants it.
  ///
  /// - Throws: `ENODEV` when it is none of them.
  mutating func choose(_ source: RandomSource) throws(Errno) {
    guard let index = index(of: source) else { throw .ENODEV }
    (place, isChosen) = (index, true)
  }

  /// Takes the current one for that good, and makes the best one current.
  ///
  /// - Throws: `ENODEV` when there is none.
  mutating func setQuality(_ quality: UInt16) throws(Errno) {
    guard let place else { throw .ENODEV }
    entries[place].quality = min(quality, Self.bestQuality)
    chooseBest()
  }
}
