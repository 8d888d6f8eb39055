/// Entities in the order of a key, equal keys first come first: a height-balanced tree that knows the least virtual run time below
/// each node.
///
/// Its links are in the entities. Walks that change the tree move references instead of copying them, so they count none.
/// Keys and run times wrap around: they are compared by the sign of their difference. Source: Knuth, TAOCP vol. 3, 6.2.3.
struct EntityTree: ~Copyable {
  private var root: SchedulingEntity?
  private var sequence: UInt64 = 0
  private(set) var count = 0

  init() {}

  @inline(__always)
  var isEmpty: Bool { count == 0 }

  /// The least key; nil when the tree is empty.
  var firstKey: UInt64? {
    guard var node = root else { return nil }
    while let next = node.left { node = next }
    return node.treeKey
  }

  /// Puts `entity` in, behind those with the same key.
  ///
  /// - Precondition: it is in no tree and no list.
  mutating func insert(_ entity: SchedulingEntity, key: UInt64) {
    entity.treeKey = key
    entity.treeSequence = sequence
    sequence &+= 1
    count += 1
    // Mostly it is alone.
    guard let first = root.take() else {
      Self.begin(entity)
      root = entity
      return
    }
    root = Self.insert(entity, into: first)
  }

  /// Takes `entity` out.
  ///
  /// - Precondition: it is in this tree, and its key is what it was put in with.
  mutating func remove(_ entity: SchedulingEntity) {
    count -= 1
    if count == 0 {
      precondition(root === entity, "an entity that is not in its tree")
      root = nil
      return
    }
    root = Self.remove(entity, from: root.take())
    entity.left = nil
    entity.right = nil
  }

  /// Takes the first out.
  mutating func takeFirst() -> SchedulingEntity? {
    guard let node = root.take() else { return nil }
    count -= 1
    if node.treeHeight == 1 { return node }
    let (rest, first) = Self.splitFirst(node)
    root = rest
    return first
  }

  /// Takes out the first whose virtual run time is eligible, or else the one with the least.
  mutating func takeFirst(_ eligibility: Eligibility) -> SchedulingEntity? {
    guard let node = root.take() else { return nil }
    count -= 1
    if node.treeHeight == 1 { return node }
    let least = node.treeMinimum
    let limit = eligibility.contains(least) ? eligibility : Eligibility(only: least)
    let (rest, first) = Self.split(node, limit)
    root = rest
    return first
  }

  /// The key of the first whose virtual run time is eligible; nil when there is none.
  func firstKey(_ eligibility: Eligibility) -> UInt64? {
    guard var node = root, eligibility.contains(node.treeMinimum) else { return nil }
    while true {
      if let left = node.left, eligibility.contains(left.treeMinimum) {
        node = left
      } else if eligibility.contains(node.fair.runtime) {
        return node.treeKey
      } else if let right = node.right {
        node = right
      } else {
        return nil
      }
    }
  }

  /// The first, in order, that `isWanted` says yes to.
  func first(where isWanted: (SchedulingEntity) -> Bool) -> SchedulingEntity? { Self.first(in: root, where: isWanted) }

  /// The last, in order, that `isWanted` says yes to.
  func last(where isWanted: (SchedulingEntity) -> Bool) -> SchedulingEntity? { Self.last(in: root, where: isWanted) }
}

// What the walks do. Depths are below 1.45 log2 of the count, so recursion is short.
extension EntityTree {
  /// Makes `entity` a tree of its own; it has no links, as it comes from no tree and no list.
  @inline(__always)
  private static func begin(_ entity: SchedulingEntity) {
    entity.treeHeight = 1
    entity.treeMinimum = entity.fair.runtime
  }

  private static func insert(_ new: SchedulingEntity, into root: consuming SchedulingEntity?) -> SchedulingEntity {
    guard let node = root else {
      begin(new)
      return new
    }
    if precedes(new, node) {
      node.left = insert(new, into: node.left.take())
    } else {
      node.right = insert(new, into: node.right.take())
    }
    return balanced(node)
  }

  private static func remove(
    _ old: SchedulingEntity, from root: consuming SchedulingEntity?
  ) -> SchedulingEntity? {
    guard let node = root else { fatalError("an entity that is not in its tree") }
    if node === old { return joined(node.left.take(), node.right.take()) }
    if precedes(old, node) {
      node.left = remove(old, from: node.left.take())
    } else {
      node.right = remove(old, from: node.right.take())
    }
    return balanced(node)
  }

  private static func split(
    _ node: consuming SchedulingEntity, _ eligibility: Eligibility
  ) -> (rest: SchedulingEntity?, found: SchedulingEntity) {
    if let left = node.left.take() {
      if eligibility.contains(left.treeMinimum) {
        let (rest, found) = split(left, eligibility)
        node.left = rest
        return (balanced(node), found)
      }
      node.left = left
    }
    if eligibility.contains(node.fair.runtime) {
      return (joined(node.left.take(), node.right.take()), node)
    }
    guard let right = node.right.take() else { fatalError("a tree whose least run time is not in it") }
    let (rest, found) = split(right, eligibility)
    node.right = rest
    return (balanced(node), found)
  }

  private static func splitFirst(
    _ node: consuming SchedulingEntity
  ) -> (rest: SchedulingEntity?, first: SchedulingEntity) {
    guard let left = node.left.take() else { return (node.right.take(), node) }
    let (rest, first) = splitFirst(left)
    node.left = rest
    return (balanced(node), first)
  }

  /// One tree of two whose heights differ by one at most, everything in `left` before everything in `right`.
  private static func joined(
    _ left: consuming SchedulingEntity?, _ right: consuming SchedulingEntity?
  ) -> SchedulingEntity? {
    guard let right else { return left }
    let (rest, middle) = splitFirst(right)
    middle.left = left
    middle.right = rest
    return balanced(middle)
  }

  /// `node`, whose subtrees differ by two in height at most, as a tree whose subtrees differ by one at most.
  private static func balanced(_ node: consuming SchedulingEntity) -> SchedulingEntity {
    let difference = height(node.left) - height(node.right)
    if difference > 1, let left = node.left.take() {
      if height(left.left) < height(left.right), let middle = left.right.take() {
        left.right = middle.left.take()
        update(left)
        middle.left = left
        return rotatedRight(node, middle)
      }
      return rotatedRight(node, left)
    }
    if difference < -1, let right = node.right.take() {
      if height(right.right) < height(right.left), let middle = right.left.take() {
        right.left = middle.right.take()
        update(right)
        middle.right = right
        return rotatedLeft(node, middle)
      }
      return rotatedLeft(node, right)
    }
    update(node)
    return node
  }

  /// `left`, which was taken from the left of `node`, above it.
  private static func rotatedRight(
    _ node: consuming SchedulingEntity, _ left: consuming SchedulingEntity
  ) -> SchedulingEntity {
    node.left = left.right.take()
    update(node)
    left.right = node
    update(left)
    return left
  }

  private static func rotatedLeft(
    _ node: consuming SchedulingEntity, _ right: consuming SchedulingEntity
  ) -> SchedulingEntity {
    node.right = right.left.take()
    update(node)
    right.left = node
    update(right)
    return right
  }

  @inline(__always)
  private static func update(_ node: SchedulingEntity) {
    var minimum = node.fair.runtime
    var height: UInt8 = 0
    if let left = node.left {
      height = left.treeHeight
      if isEarlier(left.treeMinimum, than: minimum) { minimum = left.treeMinimum }
    }
    if let right = node.right {
      height = max(height, right.treeHeight)
      if isEarlier(right.treeMinimum, than: minimum) { minimum = right.treeMinimum }
    }
    node.treeHeight = height &+ 1
    node.treeMinimum = minimum
  }

  @inline(__always)
  private static func height(_ node: SchedulingEntity?) -> Int { Int(node?.treeHeight ?? 0) }

  @inline(__always)
  private static func precedes(_ left: SchedulingEntity, _ right: SchedulingEntity) -> Bool {
    left.treeKey == right.treeKey
      ? isEarlier(left.treeSequence, than: right.treeSequence) : isEarlier(left.treeKey, than: right.treeKey)
  }

  private static func first(
    in node: SchedulingEntity?, where isWanted: (SchedulingEntity) -> Bool
  ) -> SchedulingEntity? {
    guard let node else { return nil }
    if let found = first(in: node.left, where: isWanted) { return found }
    return isWanted(node) ? node : first(in: node.right, where: isWanted)
  }

  private static func last(
    in node: SchedulingEntity?, where isWanted: (SchedulingEntity) -> Bool
  ) -> SchedulingEntity? {
    guard let node else { return nil }
    if let found = last(in: node.right, where: isWanted) { return found }
    return isWanted(node) ? node : last(in: node.left, where: isWanted)
  }
}

/// Whether `left` comes before `right` on a scale that wraps around.
@inline(__always)
func isEarlier(_ left: UInt64, than right: UInt64) -> Bool { Int64(bitPattern: left &- right) < 0 }
