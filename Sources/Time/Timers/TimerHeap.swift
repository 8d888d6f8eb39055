import Foundations
import Machine

/// Timers by their deadlines: a heap of four children a node, with each timer's place in it, so that one can be taken out.
///
/// Places for timers are made beforehand, so arming one takes no memory and cannot fail. Costs are logarithmic with base four;
/// a node's children lie side by side in one cache line.
struct TimerHeap: ~Copyable {
  private struct Node {
    var deadline: UInt64
    var timer: UInt32
  }

  private static let absent: UInt32 = .max
  private static let arity = 4

  private var nodes = GrowableArray<Node>()
  /// Where each timer is in `nodes`; `absent` when it is not armed.
  private var places = GrowableArray<UInt32>()

  /// How many timers there is room for.
  var capacity: Int { places.count }
  /// How many timers are armed.
  var count: Int { nodes.count }

  /// Makes room for one more timer, whose number is the capacity before.
  ///
  /// - Throws: `ENOMEM`, changing nothing.
  mutating func addTimer() throws(Errno) {
    try nodes.reserveCapacity(places.count + 1)
    try places.append(Self.absent)
  }

  /// The deadline of the timer that expires first, or nil.
  var earliest: UInt64? { nodes.count == 0 ? nil : nodes[0].deadline }

  /// Whether `timer` is armed.
  func isArmed(_ timer: Int) -> Bool { places[timer] != Self.absent }

  /// Arms `timer`, or moves it when it is armed.
  mutating func arm(_ timer: Int, at deadline: UInt64) {
    let node = Node(deadline: deadline, timer: UInt32(truncatingIfNeeded: timer))
    let place = places[timer]
    if place == Self.absent {
      // There is room, made by `addTimer`.
      do throws(Errno) { try nodes.append(node) } catch { return }
      rise(nodes.count - 1, node)
    } else if deadline < nodes[Int(place)].deadline {
      rise(Int(place), node)
    } else {
      sink(Int(place), node)
    }
  }

  /// Takes `timer` out.
  ///
  /// - Returns: whether it was armed.
  @discardableResult
  mutating func cancel(_ timer: Int) -> Bool {
    let place = places[timer]
    guard place != Self.absent else { return false }
    places[timer] = Self.absent
    guard let last = nodes.popLast(), Int(place) < nodes.count else { return true }
    if last.deadline < nodes[Int(place)].deadline { rise(Int(place), last) } else { sink(Int(place), last) }
    return true
  }

  /// Takes out the timer that expires first, if its deadline is not after `now`.
  mutating func takeExpired(_ now: UInt64) -> (timer: Int, deadline: UInt64)? {
    guard nodes.count > 0, nodes[0].deadline <= now else { return nil }
    let first = nodes[0]
    cancel(Int(first.timer))
    return (Int(first.timer), first.deadline)
  }

  private mutating func put(_ node: Node, at place: Int) {
    nodes[place] = node
    places[Int(node.timer)] = UInt32(truncatingIfNeeded: place)
  }

  /// Puts `node` at `place` or nearer to the root.
  private mutating func rise(_ start: Int, _ node: Node) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / Self.arity
      guard node.deadline < nodes[parent].deadline else { break }
      put(nodes[parent], at: place)
      place = parent
    }
    put(node, at: place)
  }

  /// Puts `node` at `place` or further from the root.
  private mutating func sink(_ start: Int, _ node: Node) {
    var place = start
    while true {
      let first = place * Self.arity + 1
      guard first < nodes.count else { break }
      var least = first
      for child in first + 1..<max(first + 1, min(first + Self.arity, nodes.count))
      where nodes[child].deadline < nodes[least].deadline {
        least = child
      }
      guard nodes[least].deadline < node.deadline else { break }
      put(nodes[least], at: place)
      place = least
    }
    put(node, at: place)
  }
}
