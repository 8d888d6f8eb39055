import Foundations
import Machine

/// How a `PageIndex` grows and shrinks.
extension PageIndex where Element: ~Copyable {
  /// The leaf that `page` is in, made if it was not there.
  ///
  /// - Throws: `ENOMEM`; the index stays as it was.
  mutating func makeLeaf(of page: UInt64) throws(Errno) -> UInt32 {
    guard count > 0 else {
      root = try leaves.append(PageIndexLeaf(firstPage: page & ~63))
      rootLevel = 0
      rootPage = page & ~63
      rootMask = 63
      return root
    }
    do throws(Errno) {
      while !rootReaches(page) { try raiseRoot() }
      return try descend(to: page)
    } catch {
      lowerRoot()
      throw error
    }
  }

  /// Puts a new root above the root.
  private mutating func raiseRoot() throws(Errno) {
    let level = rootLevel + 1
    let firstPage = rootPage & ~Self.mask(level: level)
    let branch = try branches.append(PageIndexBranch(firstPage: firstPage, level: level))
    let tags = rootLevel == 0 ? leaves[root].tags : branches[root].tags
    branches[branch].adopt(root, at: Self.slot(rootPage, level: level), tags: tags)
    root = branch
    rootLevel = level
    rootPage = firstPage
    rootMask = Self.mask(level: level)
  }

  /// Finds `page`'s leaf below the root, or makes it and what is missing above it, beginning at the leaf so that what is
  /// there stays as it is until nothing can fail any more.
  private mutating func descend(to page: UInt64) throws(Errno) -> UInt32 {
    var parent = root
    var level = rootLevel
    while level > 0 {
      let slot = Self.slot(page, level: level)
      guard branches[parent].occupied & 1 << UInt64(slot) != 0 else { break }
      parent = branches[parent].children[slot]
      level -= 1
    }
    if level == 0 { return parent }
    let leaf = try leaves.append(PageIndexLeaf(firstPage: page & ~63))
    var child = leaf
    let none = InlineArray<2, UInt64>(repeating: 0)
    var made = 0
    do throws(Errno) {
      while made < level - 1 {
        let firstPage = page & ~Self.mask(level: made + 1)
        let branch = try branches.append(PageIndexBranch(firstPage: firstPage, level: made + 1))
        made += 1
        branches[branch].adopt(child, at: Self.slot(page, level: made), tags: none)
        child = branch
      }
    } catch {
      for _ in 0..<made { branches.removeLast() }
      leaves.removeLast()
      throw error
    }
    branches[parent].adopt(child, at: Self.slot(page, level: level), tags: none)
    return leaf
  }

  /// Removes the leaf of `page`, which is empty, and the branches above it that become empty.
  mutating func removeLeaf(of page: UInt64) {
    let path = path(to: page)
    removeLeafNode(path[0])
    var level = 1
    while level <= rootLevel {
      // Removing a branch may have moved the next one, so each is looked up again.
      let branch = node(above: page, level: level)
      branches[branch].occupied &= ~(1 << UInt64(Self.slot(page, level: level)))
      guard branches[branch].occupied == 0 else { break }
      removeBranchNode(branch, level: level)
      level += 1
    }
    if count > 0 { lowerRoot() }
  }

  /// Takes roots with a single child away.
  private mutating func lowerRoot() {
    while rootLevel > 0 {
      let occupied = branches[root].occupied
      guard occupied.nonzeroBitCount == 1 else { return }
      let old = root
      root = branches[root].children[occupied.trailingZeroBitCount]
      rootLevel -= 1
      rootMask = Self.mask(level: rootLevel)
      rootPage = rootLevel == 0 ? leaves[root].firstPage : branches[root].firstPage
      removeBranchNode(old, level: rootLevel + 1)
    }
  }

  /// Removes a leaf from its pool and corrects the link to the leaf that took its number.
  private mutating func removeLeafNode(_ leaf: UInt32) {
    guard leaves.remove(leaf) else { return }
    relink(leaf, firstPage: leaves[leaf].firstPage, level: 0)
  }

  /// Removes a branch from its pool and corrects the link to the branch that took its number.
  private mutating func removeBranchNode(_ branch: UInt32, level: Int) {
    guard branches.remove(branch) else { return }
    relink(branch, firstPage: branches[branch].firstPage, level: branches[branch].level)
  }

  /// Makes the parent of the node of `level` that begins at `firstPage` call it `identifier`.
  private mutating func relink(_ identifier: UInt32, firstPage: UInt64, level: Int) {
    if level == rootLevel {
      root = identifier
    } else {
      let parent = node(above: firstPage, level: level + 1)
      branches[parent].children[Self.slot(firstPage, level: level + 1)] = identifier
    }
  }

  /// The branch of `level` above `page`.
  private func node(above page: UInt64, level: Int) -> UInt32 {
    var node = root
    var current = rootLevel
    while current > level {
      node = branches[node].children[Self.slot(page, level: current)]
      current -= 1
    }
    return node
  }
}
