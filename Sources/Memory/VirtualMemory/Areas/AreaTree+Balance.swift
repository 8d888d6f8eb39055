import Machine

/// Keeping the tree balanced, and each node's knowledge of its subtree right.
extension AreaTree {
  mutating func insert(_ new: Int32, under node: Int32) -> Int32 {
    guard node >= 0 else { return new }
    if nodes[Int(new)].area.start < nodes[Int(node)].area.start {
      let left = insert(new, under: nodes[Int(node)].left)
      nodes[Int(node)].left = left
    } else {
      let right = insert(new, under: nodes[Int(node)].right)
      nodes[Int(node)].right = right
    }
    return rebalanced(node)
  }

  mutating func remove(_ start: UInt64, under node: Int32, _ removed: inout Int32) -> Int32 {
    guard node >= 0 else { return node }
    let begin = nodes[Int(node)].area.start
    let (left, right) = (nodes[Int(node)].left, nodes[Int(node)].right)
    if start < begin {
      let newLeft = remove(start, under: left, &removed)
      nodes[Int(node)].left = newLeft
    } else if start > begin {
      let newRight = remove(start, under: right, &removed)
      nodes[Int(node)].right = newRight
    } else {
      removed = node
      if left < 0 { return right }
      if right < 0 { return left }
      var successor: Int32 = -1
      let newRight = removeFirst(under: right, &successor)
      nodes[Int(successor)].left = left
      nodes[Int(successor)].right = newRight
      return rebalanced(successor)
    }
    return rebalanced(node)
  }

  mutating func replace(startingAt start: UInt64, with area: Area, under node: Int32) -> Bool {
    guard node >= 0 else { return false }
    let begin = nodes[Int(node)].area.start
    if start == begin {
      nodes[Int(node)].area = area
    } else {
      let next = start < begin ? nodes[Int(node)].left : nodes[Int(node)].right
      guard replace(startingAt: start, with: area, under: next) else { return false }
    }
    summarize(node)
    return true
  }

  private mutating func removeFirst(under node: Int32, _ first: inout Int32) -> Int32 {
    let left = nodes[Int(node)].left
    guard left >= 0 else {
      first = node
      return nodes[Int(node)].right
    }
    let newLeft = removeFirst(under: left, &first)
    nodes[Int(node)].left = newLeft
    return rebalanced(node)
  }

  private mutating func rebalanced(_ node: Int32) -> Int32 {
    let (left, right) = (nodes[Int(node)].left, nodes[Int(node)].right)
    let balance = height(left) - height(right)
    if balance > 1 {
      if height(nodes[Int(left)].left) < height(nodes[Int(left)].right) {
        let newLeft = rotatedLeft(left)
        nodes[Int(node)].left = newLeft
      }
      return rotatedRight(node)
    }
    if balance < -1 {
      if height(nodes[Int(right)].right) < height(nodes[Int(right)].left) {
        let newRight = rotatedRight(right)
        nodes[Int(node)].right = newRight
      }
      return rotatedLeft(node)
    }
    summarize(node)
    return node
  }

  private mutating func rotatedLeft(_ node: Int32) -> Int32 {
    let top = nodes[Int(node)].right
    nodes[Int(node)].right = nodes[Int(top)].left
    nodes[Int(top)].left = node
    summarize(node)
    summarize(top)
    return top
  }

  private mutating func rotatedRight(_ node: Int32) -> Int32 {
    let top = nodes[Int(node)].left
    nodes[Int(node)].left = nodes[Int(top)].right
    nodes[Int(top)].right = node
    summarize(node)
    summarize(top)
    return top
  }

  private borrowing func height(_ node: Int32) -> Int32 { node < 0 ? 0 : nodes[Int(node)].height }

  /// Sets what `node` knows about its subtree from what its children know about theirs.
  private mutating func summarize(_ node: Int32) {
    let index = Int(node)
    let (left, right) = (nodes[index].left, nodes[index].right)
    let (floor, end) = (nodes[index].area.floor, nodes[index].area.end)
    var (lowest, highest, gap) = (floor, end, UInt64(0))
    if left >= 0 {
      lowest = nodes[Int(left)].lowest
      gap = max(nodes[Int(left)].gap, Self.distance(from: nodes[Int(left)].highest, to: floor))
    }
    if right >= 0 {
      highest = nodes[Int(right)].highest
      gap = max(gap, nodes[Int(right)].gap, Self.distance(from: end, to: nodes[Int(right)].lowest))
    }
    nodes[index].lowest = lowest
    nodes[index].highest = highest
    nodes[index].gap = gap
    nodes[index].height = 1 + max(height(left), height(right))
  }

  /// How far `high` is above `low`; 0 if it is not, because a stack's floor may lie below what is below the stack.
  @inline(__always)
  static func distance(from low: UInt64, to high: UInt64) -> UInt64 { high > low ? high &- low : 0 }
}
